// On ProbeRequested: find what the probe is built from, and start its build. On LoadTestRequested: start its load test.

import middy from '@middy/core'
import { readDirectory } from '../lib/aws/directory.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import { driverSource } from '../lib/driver-source.ts'
import { driverFor } from '../lib/drivers.ts'
import { ensureInput } from '../lib/inputs.ts'
import { DEBIAN_KEYRING } from '../lib/kernels/debian/keyring.ts'
import { createPlanners } from '../lib/kernels/index.ts'
import { type PlanPorts, plan } from '../lib/plan.ts'
import { type LoadTestPorts, planLoadTest } from '../lib/plan-load-test.ts'
import { createTrees } from '../lib/trees.ts'
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
} from './environment.ts'
import { requestedOf } from './events.ts'

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
