// The promises of a Store, run against every implementation.

import { createHash } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import type { ObjectMeta, Store } from '../../lib/model/ports.ts'

const KEY = 'driver/0.1.1dev+git20220316.e5c53d64/x86_64/scap_debian_6.1~rc1-1_1.ko'
const bytes = (text: string) => new TextEncoder().encode(text)
const metaOf = (body: Uint8Array): ObjectMeta => ({
  contentType: 'application/octet-stream',
  sha256: createHash('sha256').update(body).digest('hex'),
})

/** `make`: an empty bucket. */
export function storeContract(make: () => Promise<Store>): void {
  let store: Store
  beforeEach(async () => {
    store = await make()
  })
  const create = (body: Uint8Array) => store.create(KEY, body, metaOf(body))
  const read = async (key = KEY) => {
    const body = await store.get(key, 1000)
    return body === undefined ? undefined : new TextDecoder().decode(body)
  }

  test('an absent object is undefined, not an error', async () => {
    expect(await store.size(KEY)).toBeUndefined()
    expect(await store.stat(KEY)).toBeUndefined()
    expect(await read()).toBeUndefined()
  })

  test('a created object never changes', async () => {
    expect(await create(bytes('first'))).toBe('created')
    expect(await create(bytes('second'))).toBe('exists')
    expect(await store.size(KEY)).toBe('first'.length)
    expect(await read()).toBe('first')
  })

  test('stat returns the digest and the length of a created object', async () => {
    await create(bytes('body'))
    expect(await store.stat(KEY)).toEqual({ sha256: metaOf(bytes('body')).sha256, bytes: 4 })
  })

  test('only one of many concurrent callers creates an object', async () => {
    const bodies = Array.from({ length: 20 }, (_, i) => `body ${i}`)
    const results = await Promise.all(bodies.map((body) => create(bytes(body))))
    expect(results.filter((result) => result === 'created')).toHaveLength(1)
    expect(await read()).toBe(bodies[results.indexOf('created')])
  })

  test('an object has every byte that was written', async () => {
    const every = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7 + (i >> 8))
    await create(every)
    const found = await store.get(KEY, every.length)
    expect(metaOf(found!)).toEqual(metaOf(every))
  })

  test('an object may be empty', async () => {
    await create(new Uint8Array())
    expect(await store.size(KEY)).toBe(0)
    expect(await store.get(KEY, 0)).toHaveLength(0)
  })

  test('an object above the size limit is refused, and one at the limit is not', async () => {
    await create(bytes('12345'))
    await expect(store.get(KEY, 4)).rejects.toMatchObject({ code: 'too-large' })
    expect(await store.get(KEY, 5)).toHaveLength(5)
  })

  test('a body that does not match its digest is refused', async () => {
    await expect(store.create(KEY, bytes('body'), metaOf(bytes('other')))).rejects.toThrow()
    expect(await store.size(KEY)).toBeUndefined()
  })

  test('similar keys are independent', async () => {
    await create(bytes('body'))
    expect(await read(`${KEY}.sha256`)).toBeUndefined()
    expect(await read('driver')).toBeUndefined()
    expect(await read(KEY.replace('+', ' '))).toBeUndefined()
  })
}
