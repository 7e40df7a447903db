// The promises of Images, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { ImageObject, Tagged } from '../../lib/model/image.ts'
import type { Images } from '../../lib/model/ports.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const TAG = 'probes/scap/0.20.0:debian_6.1.192-2-amd64_1'
const object = (...of: string[]): ImageObject => ({
  ...{ mediaType: 'text/plain', bytes: 7, object: 'oci/by-hash/a', of },
})
const tagged = (number: number, letter = 'a'): Tagged => ({ number, digest: digest(letter), of: ['a', 'b'] })

/** `make`: no images. */
export function imagesContract(make: () => Promise<Images>): void {
  let images: Images
  beforeEach(async () => {
    images = await make()
  })
  const read = () => images.tagged(TAG, { consistent: true })

  test('a digest is unknown until an object is stored under it', async () => {
    expect(await images.find(digest('a'))).toBeUndefined()
    await images.keep({ [digest('a')]: object('one') })
    expect(await images.find(digest('a'))).toEqual(object('one'))
    expect(await images.find(digest('b'))).toBeUndefined()
    await images.keep({ [digest('b')]: object('two'), [digest('c')]: object('three') })
    expect(await images.find(digest('c'))).toEqual(object('three'))
  })

  test('an object that is stored again gains a probe, and keeps its signature until it gets a new one', async () => {
    await images.keep({ [digest('a')]: { ...object('two'), signature: digest('c') } })
    await images.keep({ [digest('a')]: object('one') })
    await images.keep({ [digest('a')]: object('two') })
    expect(await images.find(digest('a'))).toEqual({ ...object('one', 'two'), signature: digest('c') })
    await images.keep({ [digest('a')]: { ...object('one'), signature: digest('d') } })
    expect(await images.find(digest('a'))).toMatchObject({ signature: digest('d') })
  })

  test('a tag names nothing until it is moved, and then its last target', async () => {
    expect(await read()).toBeUndefined()
    expect(await images.move(TAG, tagged(1))).toBe(true)
    expect(await read()).toEqual(tagged(1))
    expect(await images.move(TAG, { number: 2, of: ['a'] })).toBe(true)
    expect(await read()).toEqual({ number: 2, of: ['a'] })
    expect(await images.move(TAG, tagged(3, 'b'))).toBe(true)
    expect(await images.tagged(TAG)).toEqual(tagged(3, 'b'))
  })

  test.each([1, 3])('a tag at number 1 is not moved to number %s', async (number) => {
    await images.move(TAG, tagged(1))
    expect(await images.move(TAG, tagged(number, 'b'))).toBe(false)
    expect(await read()).toEqual(tagged(1))
  })

  test('only one of several concurrent moves of a tag succeeds', async () => {
    await images.move(TAG, tagged(1))
    const moved = await Promise.all(['b', 'c', 'd'].map((letter) => images.move(TAG, tagged(2, letter))))
    expect(moved.filter((one) => one)).toHaveLength(1)
  })
}
