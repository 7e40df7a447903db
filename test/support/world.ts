// A small world around the domain: it delivers events at least once, ends builds, moves time, and can let any call fail.

import { createHash } from 'node:crypto'
import { submissionAnswerOf } from '../../lib/api/submission.ts'
import { type LoadTestPorts, planLoadTest } from '../../lib/build/load-test.ts'
import type { BuildReport } from '../../lib/build/report.ts'
import { createBuildCache } from '../../lib/inputs/cache.ts'
import { checkKept } from '../../lib/inputs/submitted.ts'
import type { HeadersPlan, SourcePlan } from '../../lib/kernels/planner.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import type { RegistryEvent } from '../../lib/model/events.ts'
import type { SubmittedKernel } from '../../lib/model/kernel.ts'
import { loadTestKeys, stagingKeys } from '../../lib/model/keys.ts'
import type { BuildOrder } from '../../lib/model/ports.ts'
import type { ConfigHash, KernelImage, Probe } from '../../lib/model/probe.ts'
import { SIGN_MILLISECONDS } from '../../lib/model/retry.ts'
import type { Settings } from '../../lib/model/settings.ts'
import type { PackagePorts } from '../../lib/packages/channel.ts'
import { packages, refreshPackages } from '../../lib/packages/packages.ts'
import type { PlanPorts } from '../../lib/plan/plan.ts'
import { plan } from '../../lib/plan/plan.ts'
import type { BuildEnd, Ended } from '../../lib/publish/end.ts'
import type { PublishPorts } from '../../lib/publish/ports.ts'
import { publish } from '../../lib/publish/publish.ts'
import { sweep } from '../../lib/publish/sweep.ts'
import type { Request } from '../../lib/serve/answer.ts'
import { createJoin } from '../../lib/serve/join.ts'
import { placeInQueue } from '../../lib/serve/queue-place.ts'
import { type ResolvePorts, resolve } from '../../lib/serve/resolve.ts'
import { everyMilliseconds, giveSign } from '../../lib/serve/sign-of-life.ts'
import type { Submission } from '../../lib/submit/submission.ts'
import { submit } from '../../lib/submit/submit.ts'
import { memoryPorts } from './memory.ts'

export const UNAME_RELEASE = '6.1.0-1-amd64'
export const DRIVER_VERSION = '1.2.3+driver'
/** driver versions in the suites of the archive */
const DRIVER_PACKAGES = ['0.23.2', '0.20.0']
export const PATH = `/driver/${DRIVER_VERSION}/x86_64/falco_debian_6.1.1-1-amd64_1.ko`
export const KEY = PATH.slice(1)

export interface WorldOptions {
  /** the build uploads this probe; `undefined`: the build fails */
  readonly probe: Uint8Array | undefined
  /** the stage and the cause of that failure */
  readonly failure?: Pick<BuildReport, 'stage' | 'cause'>
  /** whether the operator has sources of patched kernels */
  readonly ownSources?: boolean
  /** options of the config that the tree does not keep, as the build reports them */
  readonly lost?: readonly string[]
  /** result of the load test, for all tests or by its number; `undefined`: that test writes no verdict */
  readonly verdict?: TestResult | ((test: number) => TestResult)
  /** the kernel's image from its signed list; `undefined`: there is none */
  readonly image?: KernelImage | undefined
  /** the error in place of the image */
  readonly noImage?: ProbeError
  readonly settings?: Partial<Settings>
  /** the current release in a kernel's name; throws if it is not a kernel */
  readonly today?: (kernelRelease: string) => string
  /** the distribution's own probe of a submitted config; absent: there is none */
  readonly identify?: (asked: ConfigHash) => Probe
}

type TestResult = 'passed' | 'failed' | undefined

/** The world calls it before and after every call of a port; the caller gets the error that it throws. */
export type Fault = (call: string, when: 'before' | 'after') => void

const DIGEST = 'a'.repeat(64)
export const TREE = new TextEncoder().encode('a kernel tree')
const TREE_REPORT = { sha256: createHash('sha256').update(TREE).digest('hex'), bytes: TREE.length }
const source = (name: string) => ({
  name,
  version: '1',
  url: `http://mirror.invalid/${name}`,
  sha256: DIGEST,
})
const pkg = (name: string) => ({ ...source(name), bytes: 1, format: 'deb' as const })

/** The root of every build. */
const ROOT = { id: DIGEST, suite: 'bookworm', digest: DIGEST, sha256: DIGEST, bytes: 1 }

/** The build of a submitted kernel makes its tree, and the registry keeps the tree. */
const sourcePlan = ({ kernelRelease, unameRelease, compiler, config, symvers, kheaders }: SubmittedKernel) =>
  ({
    tag: 'source',
    kernelRelease,
    unameRelease,
    compiler,
    source: pkg('linux-source'),
    config,
    symvers,
    kheaders,
    treeId: DIGEST,
  }) satisfies SourcePlan

export function createWorld(options: WorldOptions) {
  const { probe, failure, verdict, settings: own = {}, today = (release) => release } = options
  const settings: Settings = { ...DEFAULTS, ...own }
  let time = Date.UTC(2026, 10, 23, 12)
  let fault: Fault = () => undefined
  const calls: string[] = []
  const now = () => time
  const memory = memoryPorts({ now })
  void memory.catalogue.write({ versions: DRIVER_PACKAGES, readAt: time })
  const watch = <T extends object>(name: string, port: T): T =>
    new Proxy(port, {
      get: (target, method) => {
        const value: unknown = Reflect.get(target, method)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          const call = `${name}.${String(method)}`
          calls.push(call)
          fault(call, 'before')
          const result: unknown = await Reflect.apply(value, target, args)
          fault(call, 'after')
          return result
        }
      },
    })
  const index = watch('index', memory.index)
  const budgets = watch('budgets', memory.budgets)
  const holds = watch('holds', memory.holds)
  let lost: RegistryEvent['type'] | undefined
  const bus = watch('bus', {
    emit: async (event: RegistryEvent) => {
      if (event.type !== lost) return memory.bus.emit(event)
      lost = undefined
    },
  })
  const kernels = watch('kernels', memory.kernels)
  let isBusy = false
  const builder = watch('builder', {
    ...memory.builder,
    start: async (order: BuildOrder) => (isBusy ? undefined : memory.builder.start(order)),
  })
  const places = watch('places', memory.places)
  const staging = watch('staging', memory.store.staging)
  const resolvePorts: ResolvePorts = {
    index,
    budgets,
    kernels,
    bus,
    now,
    settings,
    newId: memory.newId,
    join: createJoin(),
    placeOf: (key) => placeInQueue({ index, places, now, settings }, key),
    artifacts: memory.presigner.artifacts,
    staging: memory.presigner.staging,
    check: () => undefined,
    sources: memory.sources,
    catalogue: memory.catalogue,
  }
  const planning = watch('plan', {
    kernel: async ({ kernelRelease }: Probe): Promise<HeadersPlan> => ({
      tag: 'headers',
      kernelRelease: today(kernelRelease),
      unameRelease: UNAME_RELEASE,
      headers: [pkg('linux-headers')],
      tree: 'usr/src/linux-headers',
      image: 'image' in options ? options.image : pkg('linux-image'),
      compiler: 'gcc-12',
    }),
    driver: async (_: Probe) => ({
      source: source('driver'),
      format: 'deb' as const,
      bytes: 1,
      recipe: 'makefile' as const,
    }),
    ensureInput: async ({ name }: KernelImage) => {
      if (name === 'linux-image' && options.noImage !== undefined) throw options.noImage
    },
    identify: async (asked: ConfigHash): Promise<Probe> => {
      if (options.identify !== undefined) return options.identify(asked)
      throw new ProbeError('headers-not-found', 'no distribution has that config')
    },
    submitted: async (kernel: SubmittedKernel): Promise<SourcePlan> => sourcePlan(kernel),
  })
  const planPorts: PlanPorts & LoadTestPorts = {
    index,
    kernels,
    budgets,
    builder,
    places,
    bus,
    staging,
    now,
    settings,
    stagingUrls: memory.presigner.staging,
    inputUrls: memory.presigner.inputs,
    log: memory.log,
    kernel: (asked) => planning.kernel(asked),
    driver: (asked) => planning.driver(asked),
    stepsRoot: async () => ROOT,
    ensureInput: (pkg) => planning.ensureInput(pkg),
    checkKept: (file) => checkKept(memory.store.inputs, file),
    identify: (name) => planning.identify(name),
    submitted: (kernel) => planning.submitted(kernel),
    ownSources: options.ownSources ?? false,
    root: async (machine, kind, { command }) => ({
      record: ROOT,
      machine,
      compiler: command,
      match: 'text',
      treeRoot: DIGEST,
      ...(kind === 'ebpf' ? { clang: 'clang-14' } : {}),
    }),
    rootUrls: memory.presigner.inputs,
    cache: createBuildCache(memory.store.inputs),
  }
  const publishPorts: PublishPorts & PackagePorts = {
    pointers: watch('pointers', memory.pointers),
    images: watch('images', memory.imageItems),
    index,
    staging,
    builder,
    places,
    budgets,
    now,
    settings,
    artifacts: watch('artifacts', memory.store.artifacts),
    cache: watch('cache', createBuildCache(memory.store.inputs)),
    bus,
    signer: watch('signer', memory.signer),
    log: memory.log,
  }

  /** Runs a build: it writes its staging keys directly, without a port, and ends. */
  async function build(order: BuildOrder): Promise<Ended['status']> {
    const { claim } = order
    const keys = stagingKeys(claim)
    const { staging: bucket } = memory.inside.objects
    const put = (key: string, body: Uint8Array) =>
      bucket.set(key, { body, meta: { contentType: '', sha256: '' } })
    const text = (value: string) => new TextEncoder().encode(value)
    if (order.phase === 'load-test') {
      const { verdict: key, log } = loadTestKeys(claim, order.test)
      const said = typeof verdict === 'function' ? verdict(order.test) : verdict
      const told = {
        verdict: said,
        reason: 'its kernel said so',
        checked: ['insmod'],
        lines: ['scap: loaded'],
        timings: {},
      }
      put(log, text('the console'))
      if (said !== undefined) put(key, text(JSON.stringify(told)))
      return said === undefined ? 'failed' : 'succeeded'
    }
    put(keys.log, text('main.c:1: error: no'))
    const end = probe === undefined ? (failure ?? { stage: 'compile' }) : { stage: 'done' }
    const report = { ...end, compilerVersion: 'gcc 12', timings: { compile: 5 }, lost: options.lost ?? [] }
    // Only a build of source and config gets a URL for its tree; the registry would not trust the tree of another build.
    put(keys.prepared, TREE)
    put(keys.manifest, text(JSON.stringify({ ...report, prepared: TREE_REPORT })))
    if (probe !== undefined) put(keys.probe, probe)
    return probe === undefined ? 'failed' : 'succeeded'
  }

  /** Handles an event like Lambda: three tries, then it is dropped. */
  async function handle(work: () => Promise<unknown>): Promise<void> {
    for (let tries = 3; tries > 0; tries -= 1) {
      const done = await work().then(
        () => true,
        () => false,
      )
      if (done) return
    }
  }

  const delivered = new Set<RegistryEvent>()
  const ended = new Set<string>()
  /** Delivers all outstanding events and ends of builds; `times`: how often each arrives. */
  async function deliver(times = 1): Promise<void> {
    for (;;) {
      const event = memory.inside.events.find((e) => !delivered.has(e))
      const running = memory.inside.builds.find(({ id }) => !ended.has(id))
      if (event === undefined && running === undefined) return
      if (event !== undefined) {
        delivered.add(event)
        for (let i = 0; i < times; i += 1) await handle(() => take(event))
      } else if (running !== undefined) {
        ended.add(running.id)
        const status = running.status === 'running' ? await build(running.order) : running.status
        running.status = status
        const { key, claim, phase } = running.order
        const test = running.order.phase === 'load-test' ? running.order.test : undefined
        for (let i = 0; i < times; i += 1) {
          await handle(() => publish(publishPorts, { key, claim, phase, test, status }))
        }
      }
    }
  }
  const take = async (event: RegistryEvent): Promise<unknown> => {
    if (event.type === 'DriversWanted')
      return memory.catalogue.write({ versions: DRIVER_PACKAGES, readAt: time })
    if (event.type === 'LoadTestRequested') return planLoadTest(planPorts, event)
    if (event.type === 'RootWanted') return undefined
    if (event.type === 'PackagesWanted') return packages(publishPorts, event.key)
    if (event.type === 'ProbeRequested') return plan(planPorts, event)
    const { key, claim, type } = event
    const mayRun = type === 'BuildRunning'
    return publish(publishPorts, { key, claim, status: undefined, phase: undefined, mayRun })
  }

  async function endOne(key: string, how: Partial<Ended> = {}): Promise<BuildEnd> {
    const running = memory.inside.builds.find(({ id, order }) => order.key === key && !ended.has(id))
    if (running === undefined) throw new Error(`nothing runs of ${key}`)
    ended.add(running.id)
    const status = how.status ?? (await build(running.order))
    running.status = status
    if (how.brokeOff !== undefined) running.brokeOff = how.brokeOff
    const { claim, phase } = running.order
    const test = running.order.phase === 'load-test' ? running.order.test : undefined
    return { key, claim, phase, test, ...how, status }
  }

  const isTime = everyMilliseconds(SIGN_MILLISECONDS, now)
  return {
    memory,
    calls,
    /** The next event of that type is lost. */
    lose: (type: RegistryEvent['type']) => {
      lost = type
    },
    /** Whether the builder refuses new builds. */
    busy: (is: boolean) => {
      isBusy = is
    },
    /** One check of a waiting client. */
    waitFor: async (key: string) => {
      const state = await index.get(key)
      if (state?.state !== 'building') throw new Error(`${key} is not being built`)
      await giveSign({ index, bus, now, log: memory.log, isTime }, key, state)
    },
    /** The running build of that probe ends, with the result `how` if given; nothing else happens. */
    end: async (key: string, how?: Ended) => {
      await publish(publishPorts, await endOne(key, how))
    },
    /** The same, but its event is lost. */
    endUnheard: (key = KEY, how?: Ended) => endOne(key, how),
    resolvePorts,
    holds,
    get: (path = PATH, more: Partial<Request> = {}) =>
      resolve(resolvePorts, { method: 'GET', path, caller: '203.0.113.1', ...more }),
    submit: async (submission: Submission, caller = '203.0.113.1') =>
      submissionAnswerOf(
        await submit(
          {
            ...resolvePorts,
            kernels,
            holds,
            inputs: watch('inputs', memory.store.inputs),
            elapsed: now,
            sleep: async (milliseconds) => {
              time += milliseconds
              await deliver()
            },
          },
          submission,
          caller,
        ),
      ),
    deliver,
    publishPorts,
    /** Delivers the outstanding events, but no end of a build. */
    plan: async () => {
      for (const event of memory.inside.events.filter((e) => !delivered.has(e))) {
        delivered.add(event)
        await take(event)
      }
    },
    everyHour: () => refreshPackages(publishPorts),
    sweep: () => sweep({ index, bus, now, log: memory.log }),
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    onCall: (next: Fault) => {
      fault = next
    },
    state: (key = KEY) => memory.inside.states.get(key),
  }
}
