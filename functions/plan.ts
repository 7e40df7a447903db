// On ProbeRequested: find what the probe is built from, and start its build. On LoadTestRequested: start its load test.
// On DriversWanted: read which driver versions there are.

import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import middy from '@middy/core'
import { readDirectory } from '../lib/aws/directory.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import { type LoadTestPorts, planLoadTest } from '../lib/build/load-test.ts'
import { type BuildRootPorts, buildRoot, stepsRoot } from '../lib/build/roots/build-root.ts'
import { createRootRecords } from '../lib/build/roots/records.ts'
import { createRoots } from '../lib/build/roots/roots.ts'
import { createTrees } from '../lib/inputs/cache.ts'
import { ensureInput } from '../lib/inputs/inputs.ts'
import { createPlanners } from '../lib/kernels/planners.ts'
import { DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { driverFor } from '../lib/model/drivers.ts'
import { unreachable } from '../lib/model/errors.ts'
import { driverSource } from '../lib/plan/driver-source.ts'
import { driverSuites, findDriver, type ReadDriversPorts, readDrivers } from '../lib/plan/drivers.ts'
import { type PlanPorts, plan } from '../lib/plan/plan.ts'
import { requestedOf } from './runtime/events.ts'
import {
  budgets,
  builder,
  bus,
  catalogue,
  index,
  internalUrls,
  kernels,
  listDates,
  log,
  settingsOf,
  sources,
  store,
} from './runtime/ports.ts'

const current = settingsOf(settingsSchema, DEFAULTS)
const inputs = store('inputsBucket')
// The operator's settings name the places, no client does: a file there is meant.
const fetch = createFetch({ files: true, settings: current })
const archive = { fetch, inputs, now: Date.now, lists: listDates(), log }
const planners = createPlanners(current, { ...archive, sources: sources() })

const drivers: ReadDriversPorts = {
  ...archive,
  sources: sources(),
  catalogue: catalogue(),
  settings: current,
  suites: driverSuites(archive, current.driverPackages, current),
}

const rootPorts: BuildRootPorts = {
  roots: createRoots(archive, current.roots),
  records: createRootRecords(store('rootsBucket')),
  budgets: budgets(),
  bus: bus(),
  now: Date.now,
  newId: randomUUID,
  sleep: (milliseconds) => setTimeout(milliseconds),
}

const ports: PlanPorts = {
  index: index(),
  kernels: kernels(),
  budgets: budgets(),
  builder: builder(),
  staging: store('stagingBucket'),
  stagingUrls: internalUrls('stagingBucket'),
  inputUrls: internalUrls('inputsBucket'),
  rootUrls: internalUrls('rootsBucket'),
  trees: createTrees(inputs),
  root: (arch, kind, wanted) => buildRoot(rootPorts, arch, kind, wanted),
  stepsRoot: (arch, phase) => stepsRoot(rootPorts, arch, phase),
  now: Date.now,
  log,
  settings: current,
  kernel: planners.plan,
  submitted: planners.planSubmitted,
  identify: planners.identify,
  driver: (probe) =>
    driverSource(
      {
        inputs,
        fetch,
        readDirectory,
        sources: sources(),
        findDriver: (name, version) => findDriver(drivers, name, version),
      },
      driverFor(current, probe.driverVersion),
      probe,
    ),
  ensureInput: (pkg) => ensureInput(inputs, fetch, pkg),
}

const loadTestPorts: LoadTestPorts = ports

export const handler = middy<unknown>().handler((event) => {
  const requested = requestedOf(event)
  switch (requested.type) {
    case 'ProbeRequested':
      return plan(ports, requested.request)
    case 'LoadTestRequested':
      return planLoadTest(loadTestPorts, requested.request)
    case 'DriversWanted':
      return readDrivers(drivers)
    default:
      return unreachable(requested)
  }
})
