// From an item of the probes table to the state of a probe: what is not a state of ours is refused.

import { ProbeError } from '../model/errors.ts'
import {
  type Claim,
  FAILURE_REASONS,
  type FailureReason,
  type LoadTest,
  type ProbeState,
  type Provenance,
  type Source,
} from '../model/probe.ts'

type Item = Readonly<Record<string, unknown>>

/** ProbeError `misconfigured` naming the key: somebody else has written to the table. */
export function stateOf(key: string, item: Item): ProbeState {
  const read = reader(key, item)
  const common = { attempt: read.number('attempt'), claim: read.string('claim') }
  const state = read.string('state')
  switch (state) {
    case 'building':
      return { state, ...claimOf(key, item) }
    case 'failed':
      return {
        state,
        ...common,
        reason: read.reason('reason'),
        detail: read.string('detail'),
        retryAt: read.number('retryAt'),
        ...read.optional('logKey'),
      }
    case 'alias':
      return { state, ...common, of: read.string('of') }
    case 'published':
      return {
        state,
        ...common,
        sha256: read.string('sha256'),
        bytes: read.number('bytes'),
        objectKey: read.string('objectKey'),
        publishedAt: read.number('publishedAt'),
        provenance: provenanceOf(key, read.map('provenance')),
        ...(item.loadTest === undefined ? {} : { loadTest: loadTestOf(key, read.map('loadTest')) }),
      }
    default:
      return read.refuse('state')
  }
}

export function claimOf(key: string, item: Item): Claim {
  const read = reader(key, item)
  return {
    claim: read.string('claim'),
    attempt: read.number('attempt'),
    deadline: read.number('deadline'),
    claimedAt: read.number('claimedAt'),
    ...read.optional('buildId'),
    ...(item.phase === 'load-test' ? { phase: item.phase } : {}),
  }
}

function loadTestOf(key: string, item: Item): LoadTest {
  const read = reader(key, item)
  const verdict = read.string('verdict')
  return {
    verdict: VERDICTS.find((known) => known === verdict) ?? read.refuse('verdict'),
    reason: read.string('reason'),
    checked: read.strings('checked'),
    lines: read.strings('lines'),
  }
}
const VERDICTS = ['passed', 'failed', 'unavailable'] as const

function provenanceOf(key: string, item: Item): Provenance {
  const read = reader(key, item)
  const timings = Object.entries(read.map('timings')).map(([step, seconds]): [string, number] =>
    typeof seconds === 'number' ? [step, seconds] : read.refuse('timings'),
  )
  return {
    unameRelease: read.string('unameRelease'),
    driverSource: sourceOf(key, read.map('driverSource')),
    headers: read.list('headers').map((source) => sourceOf(key, source)),
    compiler: read.string('compiler'),
    compilerVersion: read.string('compilerVersion'),
    timings: Object.fromEntries(timings),
  }
}

export function sourceOf(key: string, item: Item): Source {
  const read = reader(key, item)
  return {
    name: read.string('name'),
    version: read.string('version'),
    url: read.string('url'),
    sha256: read.string('sha256'),
  }
}

/** What older items call `build-broken`. */
const FORMERLY = 'build-error'

/** Narrow readers by hand: a schema library would be most of what a hit loads. */
function reader(key: string, item: Item) {
  const refuse = (name: string): never => {
    throw new ProbeError(
      'misconfigured',
      `the index item of ${key} has no proper ${name}: was the table written by hand?`,
    )
  }
  const isItem = (value: unknown): value is Item =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  const string = (name: string): string => {
    const value = item[name]
    return typeof value === 'string' ? value : refuse(name)
  }
  return {
    refuse,
    string,
    number: (name: string): number => {
      const value = item[name]
      return typeof value === 'number' ? value : refuse(name)
    },
    map: (name: string): Item => {
      const value = item[name]
      return isItem(value) ? value : refuse(name)
    },
    list: (name: string): readonly Item[] => {
      const value = item[name]
      return Array.isArray(value) && value.every(isItem) ? value : refuse(name)
    },
    strings: (name: string): readonly string[] => {
      const value = item[name]
      return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : refuse(name)
    },
    reason: (name: string): FailureReason =>
      FAILURE_REASONS.find((reason) => reason === item[name]) ??
      (item[name] === FORMERLY ? 'build-broken' : refuse(name)),
    optional: <Name extends string>(name: Name): { readonly [N in Name]?: string } =>
      item[name] === undefined ? {} : ({ [name]: string(name) } as { readonly [N in Name]?: string }),
  }
}
