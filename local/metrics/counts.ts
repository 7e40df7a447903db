// What a stack counts while it runs: requests, ends of probes, load tests, invocations. Labels are words of the template and of
// the registry; nothing that a client sends is one.

import type { Outcome } from '../lambda/runner.ts'
import type { Step } from '../story/story.ts'
import { createCounter } from './counter.ts'
import type { Metric } from './text.ts'

interface Counts {
  /** `route`: as it stands in the template, or one of `OWN_ROUTES` */
  answered(route: string, status: number): void
  step(step: Step): void
  /** `name`: of a function of the template */
  invoked(name: string, tag: Outcome['tag']): void
  metrics(): Metric[]
}

/** Of requests that no route of the template takes: downloads, and what the door refuses. */
export const OWN_ROUTES = { downloads: '/s3', door: 'refused at the door', none: 'no route' } as const

const OUTCOMES = [
  { outcome: 'published', reason: '' },
  { outcome: 'renamed', reason: '' },
]
const VERDICTS = ['passed', 'failed', 'unavailable']
/** A reason of a failure is one of the registry's closed list (lib/model/probe.ts), which is written so. */
const REASON = /^[a-z]+(-[a-z]+){0,4}$/

export function createCounts(functions: readonly string[]): Counts {
  const requests = createCounter({
    name: 'probe_registry_requests_total',
    help: 'Requests that were answered on the public port, by route and class of status.',
  })
  const ends = createCounter({
    name: 'probe_registry_probes_total',
    help: 'Probes that came to an end: published, renamed (an older name of another probe), or failed and why.',
    from: OUTCOMES,
  })
  const tests = createCounter({
    name: 'probe_registry_load_tests_total',
    help: 'Load tests that ended, by verdict.',
    from: VERDICTS.map((verdict) => ({ verdict })),
  })
  const from = functions.map((name) => ({ function: name }))
  const invocations = createCounter({
    ...{ name: 'probe_registry_function_invocations_total', from },
    help: 'Invocations of a function that ran.',
  })
  const errors = createCounter({
    ...{ name: 'probe_registry_function_errors_total', from },
    help: 'Invocations of a function that failed or took too long.',
  })
  const throttles = createCounter({
    ...{ name: 'probe_registry_function_throttles_total', from },
    help: 'Invocations that were refused because the function was busy.',
  })
  return {
    answered: (route, status) => requests.add({ route, status: `${Math.floor(status / 100)}xx` }),
    step: ({ step, detail = '' }) => {
      if (step === 'published' || step === 'renamed') ends.add({ outcome: step, reason: '' })
      if (step === 'failed') ends.add({ outcome: step, reason: REASON.test(detail) ? detail : 'other' })
      if (step === 'tested') tests.add({ verdict: verdictOf(detail) })
    },
    invoked: (name, tag) => {
      if (tag === 'throttled') return throttles.add({ function: name })
      invocations.add({ function: name })
      if (tag === 'failed') errors.add({ function: name })
    },
    metrics: () => [requests, ends, tests, invocations, errors, throttles].map((counter) => counter.metric()),
  }
}

/** As the story tells it: the word alone, or with its reason after a colon. */
const verdictOf = (detail: string): string =>
  VERDICTS.find((verdict) => detail === verdict || detail.startsWith(`${verdict}:`)) ?? 'other'
