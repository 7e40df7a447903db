// Runs the buildspec of the load test in the same way as build.ts runs the buildspec of a build.

import { randomUUID } from 'node:crypto'
import { parse } from 'yaml'
import { loadTestBuildspec } from '../../../cdk/buildspec.ts'
import { BUILD_ENV } from '../../../lib/aws/resources.ts'
import { formatJob, type JobInput, type LoadTestJob, type LoadTestRole } from '../../../lib/build/job.ts'
import { type LoadVerdict, readVerdict } from '../../../lib/build/verdict.ts'
import { type Machine, machine, runSpec, sha256 } from './build.ts'
import { rootArchive, rootFor } from './roots.ts'
import type { LoopbackStore } from './store.ts'

const spec = parse(loadTestBuildspec())

export interface LoadTest extends Machine {
  readonly settings: Partial<LoadTestJob['settings']>
  readonly inputs: readonly {
    readonly role: LoadTestRole
    readonly format: JobInput['format']
    readonly body: Buffer
  }[]
  /** inputs that are removed before the test reads them */
  readonly lost?: LoadTestRole
}

interface Loaded {
  readonly exit: number | null
  readonly verdict: LoadVerdict
  readonly log: string
  readonly output: string
  /** the kernel's image, as the test stored it */
  readonly boot: Buffer | undefined
  readonly seconds: number
}

export async function loadTest(store: LoopbackStore, order: LoadTest): Promise<Loaded> {
  const claim = randomUUID()
  const document = formatJob(jobOf(store, await withRoot(order), claim))
  store.objects.set(`${claim}/job`, Buffer.from(document))
  const began = Date.now()
  const { exit, output } = await runSpec(spec, order, {
    [BUILD_ENV.probeKey]: 'a/probe',
    [BUILD_ENV.claim]: claim,
    [BUILD_ENV.jobUrl]: store.url(`${claim}/job`),
    [BUILD_ENV.jobSha256]: sha256(document),
    [BUILD_ENV.stepsRoot]: (await rootFor('machine')).digest,
  })
  return {
    exit,
    output,
    seconds: (Date.now() - began) / 1000,
    verdict: readVerdict(store.objects.get(`${claim}/verdict`)),
    log: store.objects.get(`${claim}/log`)?.toString() ?? '',
    boot: store.objects.get(`${claim}/boot`),
  }
}

/** A container has no unpacked root: its test downloads the archive. */
async function withRoot(order: LoadTest): Promise<LoadTest> {
  if (order.outer !== 'container') return order
  const root = { role: 'steps', format: 'tar.gz', body: await rootArchive('machine') } as const
  return { ...order, inputs: [root, ...order.inputs] }
}

const jobOf = (store: LoopbackStore, { settings, inputs, lost }: LoadTest, claim: string): LoadTestJob => ({
  settings: {
    KIND: 'kmod',
    ARCH: machine,
    DRIVER_NAME: 'scap',
    DRIVER_VERSION: '1.2.3+driver',
    UNAME_RELEASE: '6.1.0-test',
    MAX_SECONDS: '60',
    ...settings,
  },
  inputs: inputs.map(({ role, format, body }) => {
    const name = sha256(body)
    if (role === lost) store.objects.delete(name)
    else store.objects.set(name, body)
    return { role, format, sha256: name, bytes: body.length, url: store.url(name) }
  }),
  outputs: {
    verdict: store.url(`${claim}/verdict`),
    log: store.url(`${claim}/log`),
    boot: store.url(`${claim}/boot`),
  },
})
