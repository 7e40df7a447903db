// Tests a build without a registry, over ports in memory: the probe that it makes, and its messages.

import { expect, test } from 'vitest'
import { type BuildPorts, buildProbe } from '../../../client/build/build.ts'
import type { Ended } from '../../../client/build/machine.ts'
import type { BuildReport } from '../../../lib/build/report.ts'
import { createBuildCache } from '../../../lib/inputs/cache.ts'
import type { HeadersPlan } from '../../../lib/kernels/planner.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { ProbeError } from '../../../lib/model/errors.ts'
import { stagingKeys } from '../../../lib/model/keys.ts'
import type { BuildOrder } from '../../../lib/model/ports.ts'
import type { Probe } from '../../../lib/model/probe.ts'
import { memoryPorts } from '../../support/memory.ts'
import { probeBytes } from '../../support/probe.ts'

const DIGEST = 'a'.repeat(64)
const UNAME_RELEASE = '6.1.0-1-amd64'
const PROBE: Probe = {
  driverVersion: '1.2.3+driver',
  arch: 'x86_64',
  driverName: 'falco',
  target: 'debian',
  kernelRelease: '6.1.1-1-amd64',
  kernelVersion: '1',
  kind: 'kmod',
}
const source = (name: string) => ({
  name,
  version: '1',
  url: `http://mirror.invalid/${name}`,
  sha256: DIGEST,
})
const pkg = (name: string) => ({ ...source(name), bytes: 1, format: 'deb' as const })

interface Made {
  /** the probe that the build uploads */
  readonly probe?: Uint8Array
  readonly report?: Pick<BuildReport, 'stage' | 'cause'>
  readonly log?: string
  readonly ended?: Ended
  /** the release in the current name of a kernel */
  readonly today?: (release: string) => string
}

const RECORD = { id: DIGEST, suite: 'bookworm', digest: DIGEST, sha256: DIGEST, bytes: 1 }
const SUCCEEDED: Ended = { status: 'succeeded', context: '' }
const NO_SANDBOX = 'bubblewrap makes no sandbox here: no permissions to create a new namespace'
const FAILED: Ended = { status: 'failed', context: 'The build ended with exit status 1' }

function world({ probe, report, log, ended = SUCCEEDED, today = (release) => release }: Made) {
  const memory = memoryPorts({ now: () => 0 })
  const told: string[] = []
  const orders: BuildOrder[] = []
  const put = async (key: string, body: Uint8Array | undefined) => {
    if (body !== undefined)
      await memory.store.staging.create(key, body, { contentType: '', sha256: sha256(body) })
  }
  const text = (value: string | undefined) =>
    value === undefined ? undefined : new TextEncoder().encode(value)
  const ports: BuildPorts = {
    settings: DEFAULTS,
    kernels: memory.kernels,
    kernel: async ({ kernelRelease }): Promise<HeadersPlan> => ({
      tag: 'headers',
      kernelRelease: today(kernelRelease),
      unameRelease: UNAME_RELEASE,
      headers: [pkg('linux-headers')],
      tree: 'usr/src/linux-headers',
      compiler: 'gcc-12',
    }),
    submitted: async () => {
      throw new Error('nothing was submitted')
    },
    identify: async () => {
      throw new ProbeError('headers-not-found', 'no distribution has that config')
    },
    ownSources: false,
    driver: async () => ({ source: source('driver'), format: 'deb', bytes: 1, recipe: 'makefile' }),
    ensureInput: async () => undefined,
    checkKept: async () => undefined,
    cache: createBuildCache(memory.store.inputs),
    stepsRoot: async () => RECORD,
    root: async (machine, _kind, { command }) => ({
      record: RECORD,
      machine,
      compiler: command,
      match: 'nearest',
      treeRoot: DIGEST,
    }),
    staging: memory.store.staging,
    stagingUrls: memory.presigner.staging,
    inputUrls: memory.presigner.inputs,
    rootUrls: memory.presigner.inputs,
    run: async (order) => {
      orders.push(order)
      const keys = stagingKeys(order.claim)
      await put(keys.probe, probe)
      await put(keys.log, text(log))
      const whole = { compilerVersion: 'gcc 12', timings: { compile: 5 }, ...report }
      await put(keys.manifest, text(report && JSON.stringify(whole)))
      return ended
    },
    newId: memory.newId,
    log: memory.log,
    tell: (line) => void told.push(line),
  }
  return { ports, told, orders, memory }
}

test('a built probe is verified, and the build prints its sources and its compiler', async () => {
  const { ports, orders, told, memory } = world({ probe: probeBytes(), report: { stage: 'done' } })
  const outcome = await buildProbe(ports, PROBE)
  expect(outcome).toMatchObject({
    tag: 'built',
    probe: PROBE,
    staged: { plan: { unameRelease: UNAME_RELEASE, compiler: 'gcc-12', driverSource: source('driver') } },
  })
  const [order] = orders
  const job = await memory.store.staging.get(stagingKeys(order?.claim ?? '').job, 10_000)
  expect(order?.jobSha256).toBe(sha256(job!))
  expect(told).toEqual([
    `/driver/1.2.3+driver/x86_64/falco_debian_6.1.1-1-amd64_1.ko, for kernel ${UNAME_RELEASE}`,
    'from driver 1',
    'from linux-headers 1',
    'with gcc-12 of bookworm, the nearest to the one that built the kernel',
  ])
})

test('an older name of a kernel leads to its current name, and the build prints this', async () => {
  const today = () => '6.1.2-1-amd64'
  const { ports, told } = world({ probe: probeBytes(), report: { stage: 'done' }, today })
  const outcome = await buildProbe(ports, PROBE)
  expect(outcome.probe).toEqual({ ...PROBE, kernelRelease: '6.1.2-1-amd64' })
  expect(told[0]).toContain('name of today: /driver/1.2.3+driver/x86_64/falco_debian_6.1.2-1-amd64_1.ko')
})

test('names that lead to ever newer names are refused', async () => {
  const { ports, orders } = world({ today: (release) => `${release}x` })
  await expect(buildProbe(ports, PROBE)).rejects.toMatchObject({ code: 'misconfigured' })
  expect(orders).toEqual([])
})

test('a kernel by the digest of an unknown config is refused', async () => {
  const { ports } = world({})
  await expect(buildProbe(ports, { ...PROBE, config: DIGEST })).rejects.toMatchObject({
    code: 'unknown-config',
  })
})

test.each<[string, string, Made]>([
  [
    'compile-error',
    'main.c:1: error: no',
    { report: { stage: 'compile' }, log: 'main.c:1: error: no\n', ended: FAILED },
  ],
  [
    'build-broken',
    'bwrap: no',
    { report: { stage: 'compile', cause: 'tools' }, log: 'bwrap: no\n', ended: FAILED },
  ],
  ['build-timeout', 'is the machine busy', { report: { stage: 'compile', cause: 'time' }, ended: FAILED }],
  ['build-timeout', '10 minutes', { ended: { status: 'timed-out', context: '' } }],
  ['build-lost', 'bubblewrap makes no sandbox here', { ended: { ...FAILED, context: NO_SANDBOX } }],
  ['build-lost', 'left no probe', { report: { stage: 'done' } }],
  [
    'verification-failed',
    'kernel release',
    { probe: probeBytes(['vermagic=5.10.0 SMP', 'name=falco']), report: { stage: 'done' } },
  ],
])('a failed build has a reason and a detail: %s, %s', async (reason, said, made) => {
  const outcome = await buildProbe(world(made).ports, PROBE)
  expect(outcome).toMatchObject({ tag: 'failed', reason, detail: expect.stringContaining(said) })
})
