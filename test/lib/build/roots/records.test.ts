import { expect, test } from 'vitest'
import { keepRoot } from '../../../../lib/build/roots/keep.ts'
import { createRootRecords, type RootRecord } from '../../../../lib/build/roots/records.ts'
import { sha256 } from '../../../../lib/model/digest.ts'
import { inputKey, rootKey } from '../../../../lib/model/keys.ts'
import type { Store } from '../../../../lib/model/ports.ts'
import { memoryPorts } from '../../../support/memory.ts'

const ARCHIVE = Buffer.from('an archive')
const record = (given: Partial<RootRecord> = {}): RootRecord => ({
  id: 'a'.repeat(64),
  suite: 'bookworm',
  digest: 'd'.repeat(64),
  sha256: sha256(ARCHIVE),
  bytes: ARCHIVE.length,
  ...given,
})
const bucket = (): Store => memoryPorts({ now: () => 0 }).store.inputs

test('a root that was kept is found by the id of its packages', async () => {
  const store = bucket()
  await createRootRecords(store).keep(record(), ARCHIVE)
  expect(await createRootRecords(store).find(record().id)).toEqual(record())
  expect(Buffer.from((await store.get(inputKey(sha256(ARCHIVE)), 100)) ?? [])).toEqual(ARCHIVE)
  expect(await createRootRecords(store).find('b'.repeat(64))).toBeUndefined()
})

test('the same packages that make something else than before are refused, and the first stays', async () => {
  const records = createRootRecords(bucket())
  await records.keep(record(), ARCHIVE)
  const other = Buffer.from('another archive')
  const later = record({ digest: 'e'.repeat(64), sha256: sha256(other), bytes: other.length })
  await expect(records.keep(later, other)).rejects.toMatchObject({ code: 'digest-mismatch' })
  expect(await records.find(record().id)).toEqual(record())
})

test('another packing of the same root is the root that was kept first', async () => {
  const records = createRootRecords(bucket())
  await records.keep(record(), ARCHIVE)
  const packedAgain = Buffer.from('packed by another gzip')
  const later = record({ sha256: sha256(packedAgain), bytes: packedAgain.length })
  expect(await records.keep(later, packedAgain)).toEqual(record())
})

test('a crash before its record leaves no root, and the next composition keeps it', async () => {
  const store = bucket()
  const crashing: Store = {
    ...store,
    create: async (key, ...rest) => {
      if (key === rootKey(record().id)) throw new Error('crashed')
      return store.create(key, ...rest)
    },
  }
  await expect(createRootRecords(crashing).keep(record(), ARCHIVE)).rejects.toThrow('crashed')
  expect(await createRootRecords(store).find(record().id)).toBeUndefined()
  expect(await createRootRecords(store).keep(record(), ARCHIVE)).toEqual(record())
})

test('a record that nobody wrote is an error, and no root', async () => {
  const store = bucket()
  const body = Buffer.from('{"id":"x"}')
  await store.create(rootKey('x'), body, { contentType: 'application/json', sha256: sha256(body) })
  await expect(createRootRecords(store).find('x')).rejects.toMatchObject({ code: 'misconfigured' })
})

test('a root that is on record is composed by nobody', async () => {
  const records = createRootRecords(bucket())
  await records.keep(record(), ARCHIVE)
  const never = () => Promise.reject(new Error('it was composed'))
  const ports = { records, read: never, withFolder: never, log: () => {} }
  const root = { id: record().id, suite: 'bookworm', arch: 'x86_64' as const, packages: [] }
  expect(await keepRoot(ports, root)).toEqual(record())
})
