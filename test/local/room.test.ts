// Tests the check of disk space: the registry deletes caches first, and only then refuses new work.

import { statfsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { watchRoom } from '../../local/room.ts'
import { temporaryFolder } from '../support/local/assembly.ts'

const lots = (dir: string): number => {
  const { bavail, bsize } = statfsSync(dir)
  return bavail * bsize * 4
}

test('without space the registry first frees some, and only then refuses new work and logs the reason', async () => {
  const dir = temporaryFolder()
  const lines: string[] = []
  const freed = Promise.withResolvers<void>()
  let asked = 0
  const free = async (isEnough: () => boolean) => {
    asked += 1
    expect(isEnough()).toBe(false)
    await freed.promise
  }
  const room = watchRoom({ dir, needed: lots(dir), log: (line) => lines.push(line), free })
  expect([asked, room.lacks(), lines]).toEqual([1, undefined, []])
  // Work that failed while space is being freed still gets this reason.
  expect(room.lacks(true)).toBe('no space is left on its disk')
  expect([asked, room.lacks(), lines]).toEqual([1, undefined, []])
  freed.resolve()
  await expect.poll(() => room.lacks()).toBe('no space is left on its disk')
  expect(lines.join()).toMatch(/^no space: \d+ MB are free in .* are needed \(DATA_ROOM\)/)
  // A further check does not free space again.
  room.lacks(true)
  expect(asked).toBe(1)
  room.close()
})

test('a folder with enough space accepts new work, and nothing is deleted', () => {
  const room = watchRoom({
    ...{ dir: temporaryFolder(), needed: 0, log: () => {} },
    free: () => expect.unreachable(),
  })
  expect(room.lacks(true)).toBeUndefined()
  room.close()
})
