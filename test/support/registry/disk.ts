// A disk of a few hundred megabytes for the data of a registry, which can be filled, and closed to writers.

import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sh } from './registry.ts'

export interface Disk {
  /** Until so many bytes are left. */
  fill(left?: number): void
  empty(): void
  /** What is open for writing keeps a disk from being mounted read-only: every path leads to a mount that is. */
  cover(): Promise<void>
  uncover(): Promise<void>
  unmount(): Promise<void>
}

/** On `dir`, which is made. */
export async function mountDisk(dir: string, megabytes: number): Promise<Disk> {
  mkdirSync(dir)
  await sh('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'data', dir])
  const fillers: string[] = []
  const free = (): number => {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  }
  /** What fits of it stays. */
  const occupy = (bytes: number): void => {
    const file = join(dir, `filler-${fillers.length}`)
    fillers.push(file)
    try {
      writeFileSync(file, Buffer.alloc(bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  return {
    fill(left = 0) {
      // What others write meanwhile makes it fail in the middle: the rest is taken in smaller pieces.
      for (let bytes = free() - left; bytes > 0 && free() > left; bytes = Math.floor(bytes / 2)) occupy(bytes)
    },
    empty() {
      for (const file of fillers.splice(0)) rmSync(file, { force: true })
    },
    cover: async () => {
      await sh('mount', ['--bind', dir, dir])
      await sh('mount', ['-o', 'remount,ro,bind', dir])
    },
    uncover: async () => void (await sh('umount', [dir])),
    unmount: async () => void (await sh('umount', [dir])),
  }
}
