// The promises of Pointers, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { Pointer } from '../../lib/model/pointer.ts'
import type { Pointers } from '../../lib/model/ports.ts'

const ID = 'apt/11.0.0+driver'
const pointer = (number: number, letter = 'a'): Pointer => ({
  number,
  date: 1000 * number,
  files: { 'debian-6.1/binary-amd64/Packages': { sha256: letter.repeat(64), bytes: number } },
})

/** `make`: no pointers. */
export function pointersContract(make: () => Promise<Pointers>): void {
  let pointers: Pointers
  beforeEach(async () => {
    pointers = await make()
  })
  const read = () => pointers.read(ID, { consistent: true })

  test('a repository has no pointer until it is moved, and then its last target', async () => {
    expect(await read()).toBeUndefined()
    expect(await pointers.move(ID, pointer(1))).toBe(true)
    expect(await read()).toEqual(pointer(1))
    expect(await pointers.move(ID, pointer(2, 'b'))).toBe(true)
    expect(await read()).toEqual(pointer(2, 'b'))
    expect(await pointers.read(ID)).toEqual(pointer(2, 'b'))
  })

  test.each([
    ['again', 1],
    ['past what is there', 3],
  ])('a repository is not moved %s, and its pointer stays', async (_, number) => {
    await pointers.move(ID, pointer(1))
    expect(await pointers.move(ID, pointer(number, 'b'))).toBe(false)
    expect(await read()).toEqual(pointer(1))
  })

  test('a repository without a pointer is not moved to number 2', async () => {
    expect(await pointers.move(ID, pointer(2))).toBe(false)
    expect(await read()).toBeUndefined()
  })

  test('only one of several concurrent moves succeeds, and its target stays', async () => {
    await pointers.move(ID, pointer(1))
    const letters = [...'bcdef0123456789']
    const moved = await Promise.all(letters.map((letter) => pointers.move(ID, pointer(2, letter))))
    expect(moved.filter(Boolean)).toHaveLength(1)
    expect(await read()).toEqual(pointer(2, letters[moved.indexOf(true)]))
  })

  test('the ids of one kind of repositories are listed, without those of another kind', async () => {
    expect(await pointers.ids('apt/')).toEqual([])
    for (const id of ['apt/2', 'rpm/1', 'apt/1']) await pointers.move(id, pointer(1))
    await pointers.move('apt/1', pointer(2))
    expect(await pointers.ids('apt/')).toEqual(['apt/1', 'apt/2'])
    expect(await pointers.ids('rpm/')).toEqual(['rpm/1'])
  })
}
