// Implements every port in memory, to run the domain without a cloud; the contract tests check it like the real adapters.

import { createHash } from 'node:crypto'
import { createKernels } from '../../lib/inputs/kernels.ts'
import type { DriverCatalogue } from '../../lib/model/drivers.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import type { RegistryEvent } from '../../lib/model/events.ts'
import type { ImageObject, Tagged } from '../../lib/model/image.ts'
import type { Pointer } from '../../lib/model/pointer.ts'
import type {
  BrokeOff,
  Budgets,
  Builder,
  BuildOrder,
  BuildStatus,
  Bus,
  Catalogue,
  Clock,
  Fetch,
  Images,
  Index,
  ListDates,
  Log,
  NewId,
  ObjectMeta,
  Place,
  Places,
  Pointers,
  Presigner,
  Signer,
  Sources,
  Store,
} from '../../lib/model/ports.ts'
import type { ProbeState, Source } from '../../lib/model/probe.ts'
import {
  FURTHEST_DEADLINE,
  FURTHEST_RETRY,
  hasCome,
  isOverdue,
  isRecent,
  SIGN_MILLISECONDS,
} from '../../lib/model/retry.ts'
import { releaseIn } from '../../lib/names/grammar.ts'
import { countedHolds } from '../../lib/serve/counted-holds.ts'

/** All ports over one empty world; `inside` gives direct access to its contents. */
export function memoryPorts({ now }: { now: Clock }) {
  const buckets = { artifacts: memoryStore(), staging: memoryStore(), inputs: memoryStore() }
  const index = memoryIndex(now)
  const builder = memoryBuilder()
  const fetch = memoryFetch()
  const events: RegistryEvent[] = []
  const lines: { event: string; fields: Parameters<Log>[1] }[] = []
  return {
    now,
    newId: memoryIds(),
    index: index.index,
    budgets: memoryBudgets(),
    holds: countedHolds(now),
    places: memoryPlaces(now),
    sources: memorySources(),
    kernels: createKernels(buckets.inputs.store),
    catalogue: memoryCatalogue(),
    lists: memoryListDates(),
    pointers: memoryPointers(),
    imageItems: memoryImages(),
    store: {
      artifacts: buckets.artifacts.store,
      staging: buckets.staging.store,
      inputs: buckets.inputs.store,
    },
    presigner: {
      artifacts: memoryPresigner('artifacts', now),
      staging: memoryPresigner('staging', now),
      inputs: memoryPresigner('inputs', now),
    },
    builder: builder.builder,
    bus: { emit: async (event) => void events.push(event) } satisfies Bus,
    signer: memorySigner,
    fetch: fetch.fetch,
    log: ((event, fields) => void lines.push({ event, fields })) satisfies Log,
    inside: {
      /** each state by its key */
      states: index.states,
      /** the time of expiry by key */
      expiries: index.expiries,
      /** each object by its key */
      objects: {
        artifacts: buckets.artifacts.objects,
        staging: buckets.staging.objects,
        inputs: buckets.inputs.objects,
      },
      /** in the order of emission */
      events,
      /** in the order of their start */
      builds: builder.builds,
      /** the answer of each URL to `fetch` */
      web: fetch.web,
      log: lines,
    },
  }
}

/** Items expire by the clock `now`. */
export function memoryIndex(now: Clock) {
  const states = new Map<string, ProbeState>()
  const expiries = new Map<string, number>()
  const expire = (key: string, expiresAt: number | undefined) => {
    if (expiresAt === undefined) expiries.delete(key)
    else expiries.set(key, expiresAt)
  }
  /** The state of an open claim; `undefined`: the publisher lost its claim. */
  const held = (key: string, claim: string) => {
    const state = states.get(key)
    return state?.state === 'building' && state.id === claim ? state : undefined
  }
  /** The state of a probe that the claim builds or published, without a verdict. */
  const testable = (key: string, claim: string) => {
    const state = states.get(key)
    if ((state?.state !== 'building' && state?.state !== 'published') || state.id !== claim) return undefined
    return state.state === 'published' && state.loadTest !== undefined ? undefined : state
  }
  const isFree = (state: ProbeState | undefined, now: number): boolean =>
    state === undefined ||
    (state.state === 'failed' && hasCome(state.retryAt, now, FURTHEST_RETRY)) ||
    (state.state === 'building' && isOverdue(state.deadline, now))
  const settle = (
    key: string,
    claim: string,
    next: (attempt: number) => ProbeState,
    expiresAt?: number,
  ): boolean => {
    const state = held(key, claim)
    if (state === undefined) return false
    states.set(key, next(state.attempt))
    expire(key, expiresAt)
    return true
  }
  const index: Index = {
    get: async (key) =>
      (expiries.get(key) ?? Number.POSITIVE_INFINITY) <= now() ? undefined : states.get(key),
    claim: async (key, { expiresAt, ...claim }) => {
      const state = states.get(key)
      if (!isFree(state, claim.claimedAt)) return undefined
      const attempt = (state?.attempt ?? 0) + 1
      states.set(key, { state: 'building', attempt, ...claim })
      expire(key, expiresAt)
      return attempt
    },
    planned: async (key, claim, at) => {
      const state = held(key, claim)
      if (state === undefined) return undefined
      const { state: _, ...planned } = { ...state, plannedAt: at }
      states.set(key, { ...state, plannedAt: at })
      return planned
    },
    waited: async (key, claim, at) => {
      const state = held(key, claim)
      if (state === undefined || isRecent(state.waitedAt ?? 0, at, SIGN_MILLISECONDS)) return false
      states.set(key, { ...state, waitedAt: at })
      return true
    },
    queued: async (key, claim, at, deadline) => {
      const state = testable(key, claim)
      if (state === undefined || state.buildId !== undefined) return false
      states.set(key, { ...state, queuedAt: state.queuedAt ?? at, deadline })
      expire(key, undefined)
      return true
    },
    spare: async (key, claim, { test, buildId }) => {
      const state = testable(key, claim)
      if (state?.test !== test || (buildId !== undefined && state.buildId !== buildId)) return false
      const { buildId: _, ...rest } = state
      states.set(key, { ...rest, spared: (state.spared ?? 0) + 1 })
      return true
    },
    started: async (key, claim, build) => {
      const state = held(key, claim)
      if (state === undefined) return false
      const { queuedAt: _, ...rest } = state
      states.set(key, { ...rest, ...build })
      expire(key, undefined)
      return true
    },
    testing: async (key, claim, { test, deadline, probe, buildId }) => {
      const state = testable(key, claim)
      if (state === undefined) return false
      const isNext = buildId === undefined ? (state.test ?? 0) < test : state.test === test
      if (!isNext) return false
      const { buildId: _, queuedAt: __, ...rest } = state
      const measured = probe && { sha256: probe.sha256, bytes: probe.bytes }
      const phase = state.state === 'building' ? { phase: 'load-test' as const, ...measured } : {}
      states.set(key, { ...rest, ...phase, test, deadline, ...(buildId === undefined ? {} : { buildId }) })
      expire(key, undefined)
      return true
    },
    publish: async (key, claim, publication, testing) =>
      settle(key, claim, (attempt) => ({
        state: 'published',
        attempt,
        id: claim,
        ...publication,
        ...testing,
      })),
    fail: async (key, claim, { expiresAt, ...failure }) =>
      settle(key, claim, (attempt) => ({ state: 'failed', attempt, id: claim, ...failure }), expiresAt),
    alias: async (key, claim, of) =>
      settle(key, claim, (attempt) => ({ state: 'alias', attempt, id: claim, of })),
    verdict: async (key, claim, loadTest) => {
      const state = states.get(key)
      if (state?.state !== 'published' || state.id !== claim || state.loadTest !== undefined) return false
      const { test: _, buildId: __, deadline: ___, queuedAt: ____, spared: _____, ...settled } = state
      states.set(key, { ...settled, loadTest })
      return true
    },
    list: async ({ release, cursor, limit }) => {
      const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('latin1')
      const keys = [...states.keys()].sort().filter((key) => key > after)
      const asked = keys.filter((key) => release === undefined || releaseIn(key) === release)
      const page = asked.slice(0, limit)
      const items = page.map((key) => ({ key, state: states.get(key)! }))
      const last = asked.length > limit ? page.at(-1) : undefined
      return last === undefined ? { items } : { items, next: Buffer.from(last).toString('base64url') }
    },
    overdue: async (now, limit) =>
      [...states]
        .flatMap(([key, state]) => {
          const open = state.state === 'building' || state.state === 'published' ? state.deadline : undefined
          return open !== undefined && isOverdue(open, now) ? [{ key, claim: state.id, open }] : []
        })
        .sort((a, b) => a.open - b.open)
        .slice(0, limit)
        .map(({ key, claim }) => ({ key, claim })),
    open: async (limit) =>
      [...states]
        .flatMap(([key, state]) =>
          (state.state === 'building' || state.state === 'published') && state.deadline !== undefined
            ? [{ key, state }]
            : [],
        )
        .sort((a, b) => (a.state.deadline ?? 0) - (b.state.deadline ?? 0))
        .slice(0, limit),
  }
  return { index, states, expiries }
}

export function memoryBudgets(): Budgets {
  const spent = new Map<string, Set<string>>()
  return {
    spend: async (budget, claim, limit, units = 1) => {
      const claims = spent.get(budget) ?? new Set<string>()
      if (claims.size + units > limit && !claims.has(claim)) return false
      for (let i = 0; i < units; i += 1) claims.add(i === 0 ? claim : `${claim}/${i}`)
      spent.set(budget, claims)
      return true
    },
    exhausted: async (budget, limit) => (spent.get(budget)?.size ?? 0) >= limit,
    giveBack: async (budget, claim, units = 1) => {
      for (let i = 0; i < units; i += 1) spent.get(budget)?.delete(i === 0 ? claim : `${claim}/${i}`)
    },
  }
}

export function memoryPlaces(now: Clock): Places {
  const taken = new Map<string, { readonly since: number; readonly until: number }>()
  let typical: number | undefined
  const idOf = ({ claim, test }: Place) => `${claim}/${test}`
  return {
    take: async (place, until, limit) => {
      for (const [id, { until: end }] of taken) if (hasCome(end, now(), FURTHEST_DEADLINE)) taken.delete(id)
      if (taken.has(idOf(place))) return 'had'
      if (taken.size >= limit) return 'full'
      taken.set(idOf(place), { since: now(), until })
      return 'taken'
    },
    release: async (place) => {
      const had = taken.get(idOf(place))
      if (had === undefined) return false
      taken.delete(idOf(place))
      const took = Math.max(0, now() - had.since) / 1000
      if (place.test === undefined) typical = (typical ?? took) + 0.25 * (took - (typical ?? took))
      return true
    },
    typicalSeconds: async () => typical,
  }
}

export function memorySources(): Sources {
  const sources = new Map<string, Source>()
  return {
    recorded: async (driverVersion) => sources.get(driverVersion),
    record: async (driverVersion, source) => {
      const first = sources.get(driverVersion) ?? source
      sources.set(driverVersion, first)
      return first
    },
  }
}

export function memoryCatalogue(): Catalogue {
  let list: DriverCatalogue | undefined
  let claimedUntil = 0
  return {
    read: async () => list,
    claim: async (now, until) => {
      if (claimedUntil > now && claimedUntil <= until + 60_000) return false
      claimedUntil = until
      return true
    },
    write: async (written) => {
      list = written
      claimedUntil = 0
    },
  }
}

export function memoryListDates(): ListDates {
  const dates = new Map<string, number>()
  return {
    newest: async (suite) => dates.get(suite),
    seen: async (suite, date) => void dates.set(suite, Math.max(date, dates.get(suite) ?? date)),
  }
}

export function memoryPointers(): Pointers {
  const pointers = new Map<string, Pointer>()
  return {
    read: async (id) => pointers.get(id),
    move: async (id, next) => {
      if ((pointers.get(id)?.number ?? 0) !== next.number - 1) return false
      pointers.set(id, structuredClone(next))
      return true
    },
    ids: async (kind) => [...pointers.keys()].filter((id) => id.startsWith(kind)).sort(),
  }
}

export function memoryImages(): Images {
  const objects = new Map<string, ImageObject>()
  const tags = new Map<string, Tagged>()
  return {
    find: async (digest) => objects.get(digest),
    keep: async (all) => {
      for (const [digest, object] of Object.entries(all)) {
        const before = objects.get(digest)
        const of = [...new Set([...(before?.of ?? []), ...object.of])].sort()
        objects.set(digest, { ...before, ...object, of })
      }
    },
    tagged: async (name) => tags.get(name),
    move: async (name, next) => {
      if ((tags.get(name)?.number ?? 0) !== next.number - 1) return false
      tags.set(name, structuredClone(next) as Tagged)
      return true
    },
  }
}

interface MemoryObject {
  readonly body: Uint8Array
  readonly meta: ObjectMeta
}

export function memoryStore() {
  const objects = new Map<string, MemoryObject>()
  const put = (key: string, body: Uint8Array, meta: ObjectMeta): void => {
    if (createHash('sha256').update(body).digest('hex') !== meta.sha256)
      throw new Error(`${key} does not have its sha256: S3 would answer 400`)
    objects.set(key, { body: Uint8Array.from(body), meta })
  }
  const store: Store = {
    size: async (key) => objects.get(key)?.body.length,
    stat: async (key) => {
      const found = objects.get(key)
      return found && { sha256: found.meta.sha256, bytes: found.body.length }
    },
    get: async (key, maxBytes) => {
      const body = objects.get(key)?.body
      if (body !== undefined && body.length > maxBytes)
        throw new ProbeError('too-large', `${key} has ${body.length} bytes; ${maxBytes} are allowed`)
      return body
    },
    create: async (key, body, meta) => {
      if (objects.has(key)) return 'exists'
      put(key, body, meta)
      return 'created'
    },
  }
  return { store, objects }
}

/** `memory://{bucket}/{key}?method=GET&expires={milliseconds}&file={name}` */
function memoryPresigner(bucket: string, now: Clock): Presigner {
  const url = (method: string, key: string, seconds: number, more: Record<string, string> = {}) => {
    const expires = String(now() + seconds * 1000)
    return `memory://${bucket}/${key}?${new URLSearchParams({ method, expires, ...more })}`
  }
  return {
    get: async (key, { expiresSeconds, fileName, contentType }) =>
      url('GET', key, expiresSeconds, {
        ...(fileName === undefined ? {} : { file: fileName }),
        ...(contentType === undefined ? {} : { type: contentType }),
      }),
    head: async (key, { expiresSeconds }) => url('HEAD', key, expiresSeconds),
    put: async (key, { expiresSeconds }) => url('PUT', key, expiresSeconds),
  }
}

interface MemoryBuild {
  readonly id: string
  readonly order: BuildOrder
  /** a test sets it to end the build */
  status: BuildStatus
  brokeOff?: BrokeOff
}

const tokenOf = (order: BuildOrder): string =>
  [order.claim, order.phase, ...(order.phase === 'load-test' ? [order.test] : [])].join('/')

/** Builds that run until a test, or `stop`, ends them. */
function memoryBuilder() {
  const builds: MemoryBuild[] = []
  const find = (buildId: string) => builds.find(({ id }) => id === buildId)
  const builder: Builder = {
    start: async (order) => {
      const before = builds.find((build) => tokenOf(build.order) === tokenOf(order))
      // As in CodeBuild, a token belongs to exactly one request.
      if (before !== undefined && JSON.stringify(before.order) !== JSON.stringify(order))
        throw new Error(`the token ${order.claim} was used with other parameters: InvalidInputException`)
      if (before !== undefined) return before.id
      const id = `build:${builds.length + 1}`
      builds.push({ id, order, status: 'running' })
      return id
    },
    look: async (buildId) => {
      const { status = 'unknown', brokeOff } = find(buildId) ?? {}
      return { status, ...(brokeOff === undefined ? {} : { brokeOff }) }
    },
    stop: async (buildId) => {
      const build = find(buildId)
      if (build?.status === 'running') build.status = 'failed'
    },
  }
  return { builder, builds }
}

/** Makes a readable text in place of a signature: it names the signed bytes and the statement. */
const memorySigner: Signer = {
  sign: async (body, statement) =>
    ['signature', 'over', createHash('sha256').update(body).digest('hex'), ...statement].join(' '),
  signText: async (text) => `signed text\n${text}`,
  signPlain: async (body) => Buffer.from(`signed ${createHash('sha256').update(body).digest('hex')}`),
}

function memoryIds(): NewId {
  let last = 0
  return () => `00000000-0000-4000-8000-${String(++last).padStart(12, '0')}`
}

function memoryFetch() {
  const web = new Map<string, Uint8Array>()
  const fetch: Fetch = async (url, { maxBytes }) => {
    const body = web.get(url)
    if (body === undefined) throw new ProbeError('not-found', `${url} answers 404`)
    if (body.length > maxBytes) throw new ProbeError('too-large', `${url} is above ${maxBytes} bytes`)
    return body
  }
  return { fetch, web }
}
