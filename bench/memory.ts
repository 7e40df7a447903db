// Compares the memory of the complete local stack with its limits.

import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { debianKernels } from '../test/support/registry/kernels.ts'
import { probePath } from '../test/support/registry/probes.ts'
import type { Registry } from '../test/support/registry/registry.ts'
import { request } from './hits.ts'
import { got, type Measure, withRegistry } from './stage.ts'
import type { Row } from './table.ts'
import { load } from './turns.ts'

/** Megabytes. */
const GOALS = { idle: 120, load: 250, plan: 300 } as const
const CONNECTIONS = 64
const LOAD_MS = 3000

interface Megabytes {
  readonly idle: number
  readonly plan: number
  readonly load: number
  /** load of the machine */
  readonly machine: number
}

export const measureMemory: Measure = async (stage) => {
  const rounds: Megabytes[] = []
  for (let round = 0; round < stage.rounds; round += 1) {
    const folder = join(stage.folder, `memory-${round}`)
    rounds.push(
      await withRegistry({ dataDir: join(folder, 'data') }, (registry) => oneRound(registry, folder)),
    )
  }
  const row = (what: string, unit: keyof typeof GOALS): Row => ({
    ...{ name: 'memory', what, against: `${GOALS[unit]} MB`, goal: { atMost: 1 } },
    ratios: rounds.map((one) => one[unit] / GOALS[unit]),
    loads: rounds.map(({ machine }) => machine),
    note: `${rounds.map((one) => one[unit].toFixed(0)).join(', ')} MB`,
  })
  return [
    row('memory, idle with an empty index', 'idle'),
    row('peak memory while a first probe is planned and built', 'plan'),
    row(`peak memory under hits by ${CONNECTIONS} connections`, 'load'),
  ]
}

async function oneRound(registry: Registry, folder: string): Promise<Megabytes> {
  const [kernel] = debianKernels('6.1', 'amd64')
  if (kernel === undefined) throw new Error('a 6.1 kernel is needed')
  const path = probePath(kernel.release)
  const idle = await megabytesOf(registry.pid)
  const plan = await mostDuring(registry.pid, () => got(registry, path, folder))
  const most = await mostDuring(registry.pid, () => hits(registry.url + path))
  return { idle, plan, load: most, machine: load() }
}

async function hits(url: string): Promise<void> {
  const until = performance.now() + LOAD_MS
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const one = async () => {
    while (performance.now() < until) await request(url, agent)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  agent.destroy()
}

async function mostDuring(pid: number, action: () => Promise<void>): Promise<number> {
  let most = 0
  const watch = setInterval(async () => {
    most = Math.max(most, await megabytesOf(pid))
  }, 100)
  try {
    await action()
  } finally {
    clearInterval(watch)
  }
  return most
}

/** Resident memory of the stack's process, without the builder and without the builds. */
async function megabytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024
}
