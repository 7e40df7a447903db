// Counts requests, ends of probes, load tests and invocations while the stack runs. Labels are words of the template and of the
// registry, never text that a client sends.

import type { Outcome } from '../lambda/runner.ts'
import type { Step } from '../story/story.ts'
import { createCounter } from './counter.ts'
import type { Metric } from './text.ts'

interface Counts {
  /** `route`: its key in the template, or one of `OWN_ROUTES` */
  answered(route: string, status: number): void
  step(step: Step): void
  /** `name`: function of the template */
  invoked(name: string, tag: Outcome['tag']): void
  metrics(): Metric[]
}

/** Labels for requests without a route in the template: downloads, refusals at the door, and unknown paths. */
export const OWN_ROUTES = { downloads: '/s3', door: 'refused at the door', none: 'no route' } as const

const VERDICTS = ['passed', 'failed', 'unavailable']
/** Form of the registry's failure reasons, which are a closed list (lib/model/probe.ts). */
const REASON = /^[a-z]+(-[a-z]+){0,4}$/

export function createCounts(functions: readonly string[]): Counts {
  const requests = createCounter({
    name: 'probe_registry_requests_total',
    help: 'Requests that were answered on the public port, by route and class of status.',
  })
  const ends = createCounter({
    name: 'probe_registry_probes_total',
    help: 'Probes that came to an end: published, renamed (an older name of another probe), or failed and why.',
    from: ['published', 'renamed'].map((outcome) => ({ outcome, reason: '' })),
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

/** The detail is the verdict, or the verdict with a colon and a reason. */
const verdictOf = (detail: string): string =>
  VERDICTS.find((verdict) => detail === verdict || detail.startsWith(`${verdict}:`)) ?? 'other'
