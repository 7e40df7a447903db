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

test('a stored root is found by the id of its packages', async () => {
  const store = bucket()
  await createRootRecords(store).keep(record(), ARCHIVE)
  expect(await createRootRecords(store).find(record().id)).toEqual(record())
  expect(Buffer.from((await store.get(inputKey(sha256(ARCHIVE)), 100)) ?? [])).toEqual(ARCHIVE)
  expect(await createRootRecords(store).find('b'.repeat(64))).toBeUndefined()
})

test('a root with another digest from the same packages is refused, and the first one stays', async () => {
  const records = createRootRecords(bucket())
  await records.keep(record(), ARCHIVE)
  const other = Buffer.from('another archive')
  const later = record({ digest: 'e'.repeat(64), sha256: sha256(other), bytes: other.length })
  await expect(records.keep(later, other)).rejects.toMatchObject({ code: 'digest-mismatch' })
  expect(await records.find(record().id)).toEqual(record())
})

test('if the same root is packed again, the first archive stays', async () => {
  const records = createRootRecords(bucket())
  await records.keep(record(), ARCHIVE)
  const packedAgain = Buffer.from('packed by another gzip')
  const later = record({ sha256: sha256(packedAgain), bytes: packedAgain.length })
  expect(await records.keep(later, packedAgain)).toEqual(record())
})

test('a crash before the record is written leaves no root, and the next composition stores it', async () => {
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

test('a malformed record is an error', async () => {
  const store = bucket()
  const body = Buffer.from('{"id":"x"}')
  await store.create(rootKey('x'), body, { contentType: 'application/json', sha256: sha256(body) })
  await expect(createRootRecords(store).find('x')).rejects.toMatchObject({ code: 'misconfigured' })
})

test('a recorded root is not composed again', async () => {
  const records = createRootRecords(bucket())
  await records.keep(record(), ARCHIVE)
  const never = () => Promise.reject(new Error('it was composed'))
  const ports = { records, read: never, withFolder: never, log: () => {} }
  const root = { id: record().id, suite: 'bookworm', arch: 'x86_64' as const, packages: [] }
  expect(await keepRoot(ports, root)).toEqual(record())
})
