// On ProbeRequested: find what the probe is built from, and start its build. On LoadTestRequested: start its load test.

import middy from '@middy/core'
import { DEBIAN_KEYRING } from '../lib/archives/keys/debian.ts'
import { readDirectory } from '../lib/aws/directory.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import { type LoadTestPorts, planLoadTest } from '../lib/build/load-test.ts'
import { createTrees } from '../lib/inputs/cache.ts'
import { ensureInput } from '../lib/inputs/inputs.ts'
import { createPlanners } from '../lib/kernels/planners.ts'
import { driverFor } from '../lib/model/drivers.ts'
import { driverSource } from '../lib/plan/driver-source.ts'
import { type PlanPorts, plan } from '../lib/plan/plan.ts'
import { requestedOf } from './runtime/events.ts'
import {
  budgets,
  builder,
  index,
  internalUrls,
  kernels,
  log,
  settings,
  sources,
  store,
} from './runtime/ports.ts'

const current = settings()
const inputs = store('inputsBucket')
// The operator's settings name the places, no client does: a file there is meant.
const fetch = createFetch({ files: true })
const planners = createPlanners(current, {
  fetch,
  inputs,
  log,
  sources: sources(),
  now: Date.now,
  keyring: DEBIAN_KEYRING,
})

const ports: PlanPorts = {
  index: index(),
  kernels: kernels(),
  budgets: budgets(),
  builder: builder(),
  staging: store('stagingBucket'),
  stagingUrls: internalUrls('stagingBucket'),
  inputUrls: internalUrls('inputsBucket'),
  now: Date.now,
  log,
  settings: current,
  kernel: (probe) => planners.plannerFor(probe.target).plan(probe),
  submitted: (kernel, kind) => planners.planSubmitted(kernel, kind),
  identify: (asked) => planners.identify(asked),
  driver: (probe) =>
    driverSource(
      { inputs, sources: sources(), fetch, readDirectory, findPackage: planners.debian.find },
      driverFor(current, probe.driverVersion),
      probe,
    ),
  ensureInput: (pkg) => ensureInput(inputs, fetch, pkg),
}

const loadTestPorts: LoadTestPorts = { ...ports, trees: createTrees(inputs) }

export const handler = middy<unknown>().handler((event) => {
  const { type, request } = requestedOf(event)
  return type === 'ProbeRequested' ? plan(ports, request) : planLoadTest(loadTestPorts, request)
})
