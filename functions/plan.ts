// Handles ProbeRequested: plans and starts a build. Handles LoadTestRequested: starts a load test. Handles DriversWanted: reads
// the lists of driver versions.

import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import { readDirectory } from '../lib/aws/directory.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import { queryDatabase } from '../lib/aws/sqlite.ts'
import { type LoadTestPorts, planLoadTest } from '../lib/build/load-test.ts'
import {
  type BuildRootPorts,
  buildRoot,
  type RootWantedPorts,
  rootWanted,
  stepsRoot,
} from '../lib/build/roots/build-root.ts'
import { createRootRecords } from '../lib/build/roots/records.ts'
import { createRoots } from '../lib/build/roots/roots.ts'
import { withShared } from '../lib/inputs/shared.ts'
import { DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { unreachable } from '../lib/model/errors.ts'
import { type ReadDriversPorts, readDrivers } from '../lib/plan/drivers.ts'
import { type PlanPorts, plan } from '../lib/plan/plan.ts'
import { createPlanning } from '../lib/plan/planning.ts'
import { requestedOf } from './runtime/events.ts'
import { measure, measuringLog } from './runtime/metrics.ts'
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
  places,
  settingsOf,
  sleep,
  sources,
  store,
} from './runtime/ports.ts'

const current = settingsOf(settingsSchema, DEFAULTS)
const inputs = store('inputsBucket')
const roots = store('rootsBucket')
const archive = {
  // Allows files, because the operator's settings name the places, and clients cannot.
  fetch: createFetch({ files: true, settings: current, network: current.network }),
  inputs,
  now: Date.now,
  lists: listDates(),
  log,
}
const planning = createPlanning({
  ...archive,
  settings: current,
  sources: sources(),
  readDirectory,
  query: queryDatabase,
})

const drivers: ReadDriversPorts = {
  ...archive,
  ...planning.drivers,
  catalogue: catalogue(),
  settings: current,
}

const rootPorts: BuildRootPorts & RootWantedPorts = {
  machines: current.build.machines,
  roots: createRoots({ ...archive, inputs: withShared(inputs, roots) }, current.roots),
  records: createRootRecords(roots),
  budgets: budgets(),
  bus: bus(),
  now: Date.now,
  newId: randomUUID,
  sleep,
  composed: (root, spec) => rootWanted(rootPorts, root, spec),
}

const ports: PlanPorts & LoadTestPorts = {
  ...planning,
  index: index(),
  kernels: kernels(),
  budgets: budgets(),
  builder: builder(),
  places: places(),
  bus: bus(),
  staging: store('stagingBucket'),
  stagingUrls: internalUrls('stagingBucket'),
  inputUrls: internalUrls('inputsBucket'),
  rootUrls: internalUrls('rootsBucket'),
  root: (arch, kind, wanted) => buildRoot(rootPorts, arch, kind, wanted),
  stepsRoot: (arch, phase) => stepsRoot(rootPorts, arch, phase),
  now: Date.now,
  log: measuringLog(log, measure),
  settings: current,
}

export const handler = middy<unknown>().handler((event) => {
  const requested = requestedOf(event)
  switch (requested.type) {
    case 'ProbeRequested':
      return plan(ports, requested.request)
    case 'LoadTestRequested':
      return planLoadTest(ports, requested.request)
    case 'DriversWanted':
      return readDrivers(drivers)
    default:
      return unreachable(requested)
  }
})
