import { expect, test } from 'vitest'
import { withShared } from '../../../lib/inputs/shared.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { memoryStore } from '../../support/memory.ts'

const text = (body: Uint8Array | undefined) => body && new TextDecoder().decode(body)

test('a registry reads its own inputs first, then the shared ones, and writes only its own', async () => {
  const [own, shared] = [memoryStore().store, memoryStore().store]
  const both = withShared(own, shared)
  const put = (store: typeof both, key: string, body: string) =>
    store.create(key, Buffer.from(body), { contentType: 'text/plain', sha256: sha256(Buffer.from(body)) })
  await put(shared, 'a', 'shared a')
  await put(shared, 'b', 'shared b')
  await put(both, 'a', 'own a')
  await put(both, 'c', 'own c')
  expect(text(await both.get('a', 99))).toBe('own a')
  expect(text(await both.get('b', 99))).toBe('shared b')
  expect(text(await both.get('c', 99))).toBe('own c')
  expect(await shared.get('c', 99)).toBeUndefined()
  expect(await both.get('d', 99)).toBeUndefined()
})
