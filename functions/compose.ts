// Handles RootWanted: composes a build root from signed packages. This function has no access to clients' data.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import middy from '@middy/core'
import { createFetch } from '../lib/aws/fetch.ts'
import { diskFolder } from '../lib/aws/folder.ts'
import { type KeepRootPorts, keepRoot } from '../lib/build/roots/keep.ts'
import { createRootRecords } from '../lib/build/roots/records.ts'
import { createRoots } from '../lib/build/roots/roots.ts'
import { DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { rootWantedOf } from './runtime/events.ts'
import { listDates, log, settingsOf, store } from './runtime/ports.ts'

/** Time limit for one package, in milliseconds. The largest package has 100 MB. */
const TIMEOUT = 300_000

const current = settingsOf(settingsSchema, DEFAULTS)
const fetch = createFetch({ settings: current, network: current.network, timeoutMs: TIMEOUT })
const lists = { fetch, inputs: store('inputsBucket'), now: Date.now, lists: listDates(), log }
const roots = createRoots(lists, current.roots)

const ports: KeepRootPorts = {
  records: createRootRecords(store('rootsBucket')),
  read: (pkg) => fetch(pkg.url, { maxBytes: pkg.bytes }),
  log,
  withFolder: async (use) => {
    const folder = await mkdtemp(join(tmpdir(), 'root-'))
    try {
      return await use(diskFolder(folder))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

export const handler = middy<unknown>().handler(async (event) => {
  const { spec, suite, arch } = rootWantedOf(event)
  await keepRoot(ports, await roots.of(spec, suite, arch))
})
