// Tries one cell like a client: requests the probe, and reads the result from its sidecars.

import * as z from 'zod'
import { firstError } from '../lib/build/failure.ts'
import { loadTestSchema } from '../lib/model/probe.ts'
import { ask, curl, type Registry } from '../test/support/registry/registry.ts'
import type { Cell, Outcome, Seen } from './cells.ts'

const story = z.object({
  state: z.enum(['building', 'failed', 'published']),
  detail: z.string().optional(),
  loadTest: loadTestSchema.optional(),
})
type Story = z.infer<typeof story>

/** Maximum milliseconds of a build, a virtual machine, and the wait for both. */
const LIMIT = 20 * 60_000

/** `undefined`: no result in time, or the registry had an error of its own */
export async function tryCell(
  registry: Pick<Registry, 'url'>,
  { driverVersion, driverName, kernel, kind }: Cell,
  { load }: { readonly load: boolean },
): Promise<Seen | undefined> {
  const file = `${driverName}_debian_${kernel.release}_1.${kind === 'kmod' ? 'ko' : 'o'}`
  const url = `${registry.url}/driver/${encodeURIComponent(driverVersion)}/x86_64/${file}`
  const ended = await untilEnded(url, load)
  if (ended === undefined) return undefined
  const log = await textOf(`${url}.log`)
  const compiler = compilerOf(log)
  return {
    driverVersion,
    kind,
    ...{ series: kernel.series, kernel: kernel.release },
    ...(compiler === undefined ? {} : { compiler }),
    outcome: outcomeOf(ended, log),
  }
}

async function untilEnded(url: string, load: boolean): Promise<Story | undefined> {
  const end = Date.now() + LIMIT
  while (Date.now() < end) {
    await curl(['-fsSL', '-o', '/dev/null', '--max-time', '70', url])
    const { status, body } = await ask(`${url}.json`)
    const told = status === 200 ? story.parse(JSON.parse(body)) : undefined
    const isOver = told?.state === 'failed' || (told?.state === 'published' && (!load || told.loadTest))
    if (isOver) return told
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  return undefined
}

/** The log begins with the compiler's version. */
function compilerOf(log: string): string | undefined {
  const [, gcc, clang] = /^(?:(gcc-\S+) \(|.*\bclang version (\d+))/m.exec(log) ?? []
  return gcc ?? (clang === undefined ? undefined : `clang-${clang}`)
}

function outcomeOf({ state, detail = '', loadTest }: Story, log: string): Outcome {
  if (state === 'failed')
    return { result: 'failed', error: firstError(new TextEncoder().encode(log)) ?? firstLine(detail) }
  switch (loadTest?.verdict) {
    case 'passed': {
      const { capture } = loadTest
      return {
        result: 'loaded',
        ...(capture !== undefined && 'events' in capture ? { events: capture.events } : {}),
      }
    }
    case 'failed':
      return { result: 'not-loaded', error: loadTest.reason }
    default:
      return { result: 'built' }
  }
}

const firstLine = (text: string): string => text.split('\n')[0] ?? ''

async function textOf(url: string): Promise<string> {
  const { code, stdout } = await curl(['-fsSL', '--max-time', '70', url])
  return code === 0 ? stdout : ''
}
