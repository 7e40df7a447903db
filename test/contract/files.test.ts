// Tests the contracts of the ports over folders. Commands that work without a registry use these instead of its buckets
// and tables.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { storedSources } from '../../client/build/sources.ts'
import { bucketStore } from '../../client/roots/bucket.ts'
import { folderListDates } from '../../client/roots/folder-store.ts'
import { listDatesContract } from './list-dates.contract.ts'
import { sourcesContract } from './sources.contract.ts'
import { storeContract } from './store.contract.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'files-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('a bucket in a folder', () => storeContract(async () => bucketStore(dir)))
describe('the sources in a folder', () => sourcesContract(async () => storedSources(dir)))
describe('the dates of lists in a folder', () => listDatesContract(async () => folderListDates(dir)))

test('the instruction to forget a source names the file of the record', async () => {
  const sources = storedSources(dir)
  const digest = 'a'.repeat(64)
  await sources.record('1.2.3', { name: 'driver', version: '1.2.3', url: 'http://mirror/a', sha256: digest })
  const [, file = ''] = /^removing (\S+)$/.exec(sources.forgetBy?.('1.2.3') ?? '') ?? []
  rmSync(file)
  expect(await sources.recorded('1.2.3')).toBeUndefined()
})
