// Reports each probe's progress to the operator of one machine: one line per step.

import { isObject, type Json, type JsonObject } from '../wire/json.ts'

/** `key`: of the probe, e.g. `driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko`. */
export interface Step {
  /** milliseconds since the epoch */
  readonly at: number
  readonly key: string
  readonly step:
    | 'asked'
    | 'waiting'
    | 'building'
    | 'testing'
    | 'tested'
    | 'published'
    | 'failed'
    | 'renamed'
    | 'forgotten'
    | 'overdue'
  /** e.g. the reason of a failure */
  readonly detail?: string
  /** since the request for the probe; absent if the request came before this start */
  readonly seconds?: number
  /** number of clients that wait for the probe now */
  readonly waiting: number
}

interface StoryOptions {
  readonly now: () => number
  /** milliseconds since a fixed moment; never goes back */
  readonly elapsed: () => number
  readonly waiting: (key: string) => number
  readonly tell: (step: Step) => void
}

interface Story {
  /** handles an event on the bus, by its `detail-type` and `detail` */
  event(type: string, detail: Json): void
  /** handles the `message` of an entry in a function's log */
  logged(message: Json): void
  /** number of probes whose build or load test is queued, as far as this start knows */
  queued(): number
}

/** Maximum number of remembered claims; more are hardly open at one time. */
const MANY = 10_000

export function createStory({ now, elapsed, waiting, tell }: StoryOptions): Story {
  const asked = new Map<string, number>()
  const queued = new Set<string>()
  const ended = new Set<string>()
  const took = (claim: string): { seconds?: number } => {
    const began = asked.get(claim)
    return began === undefined ? {} : { seconds: Math.round((elapsed() - began) / 1000) }
  }
  return {
    event: (type, detail) => {
      if (type !== 'ProbeRequested' || !isObject(detail)) return
      const { key, claim } = detail
      if (typeof key !== 'string' || typeof claim !== 'string') return
      // The event is sent again when its turn comes, or when it may have been lost.
      if (asked.has(claim)) return
      if (asked.size >= MANY) asked.clear()
      asked.set(claim, elapsed())
      tell({ at: now(), key, step: 'asked', waiting: waiting(key) })
    },
    logged: (message) => {
      if (!isObject(message)) return
      const { key, claim, event } = message
      if (typeof key !== 'string' || typeof event !== 'string' || !Object.hasOwn(STEPS, event)) return
      const step = STEPS[event]!(message)
      if (!isNews(queued, key, step.step) || !isFirst(ended, claim, step)) return
      tell({ at: now(), key, ...step, ...took(String(claim)), waiting: waiting(key) })
    },
    queued: () => queued.size,
  }
}

/** False if the probe is known to wait: functions log that again every two minutes. */
function isNews(queued: Set<string>, key: string, step: Step['step']): boolean {
  if (step === 'waiting' && queued.has(key)) return false
  if (step === 'waiting' && queued.size < MANY) queued.add(key)
  if (step !== 'waiting' && step !== 'overdue') queued.delete(key)
  return true
}

/** Final steps: each claim reaches one of them once. */
const ENDS: readonly Step['step'][] = ['published', 'failed', 'renamed']

/** The event of a build's end and the sweep may run at once. Only one of them settles the claim, but both may log it. */
function isFirst(ended: Set<string>, claim: Json | undefined, { step, detail }: Told): boolean {
  if (!ENDS.includes(step) || typeof claim !== 'string') return true
  const end = [claim, step, detail].join(' ')
  if (ended.has(end)) return false
  if (ended.size >= MANY) ended.clear()
  ended.add(end)
  return true
}

type Told = Pick<Step, 'step' | 'detail'>

const failed = ({ reason }: JsonObject): Told => ({ step: 'failed', detail: String(reason) })

/** By the event that a function logs (lib/plan, lib/build, lib/publish). */
const STEPS: Readonly<Record<string, (message: JsonObject) => Told>> = {
  'build queued': () => ({ step: 'waiting', detail: 'for a builder' }),
  'load test queued': () => ({ step: 'waiting', detail: 'for a builder to test it' }),
  'load test interrupted': () => ({
    step: 'waiting',
    detail: 'its test makes room for a build that somebody waits for',
  }),
  'build started': () => ({ step: 'building' }),
  'load test started': ({ test }) =>
    test === 1 ? { step: 'testing' } : { step: 'testing', detail: `once more, test ${Number(test)}` },
  'load test': ({ verdict, reason }) => ({
    step: 'tested',
    detail: verdict === 'passed' ? 'passed' : `${verdict}: ${reason}`,
  }),
  published: () => ({ step: 'published' }),
  alias: ({ of }) => ({ step: 'renamed', detail: `it is ${of} today` }),
  'plan failed': failed,
  'build failed': failed,
  'build forgotten': () => ({
    step: 'forgotten',
    detail: 'no builder was free for it while somebody waited',
  }),
  overdue: () => ({ step: 'overdue' }),
}

export type Form = 'text' | 'json' | 'quiet'

/** One line without unprintable characters, whatever a build or a client wrote; `undefined` in quiet form. */
export function lineOf(step: Step, form: Form): string | undefined {
  if (form === 'quiet') return undefined
  return form === 'json' ? JSON.stringify({ ...step, at: new Date(step.at).toISOString() }) : textOf(step)
}

function textOf({ at, key, step, detail, seconds, waiting }: Step): string {
  const [driverVersion, arch, file] = key.split('/').slice(-3)
  const told = [
    step,
    ...(detail === undefined ? [] : [detail]),
    ...(seconds === undefined ? [] : [`${seconds} s`]),
    ...(waiting === 0 ? [] : [`${waiting} ${waiting === 1 ? 'waits' : 'wait'}`]),
  ]
  const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  return printable(`${time} ${file} (driver ${driverVersion}, ${arch}): ${told.join(', ')}`)
}

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, ' ')
