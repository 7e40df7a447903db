// A disk of a few hundred megabytes for a registry's data; tests can fill it and make it read-only.

import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sh } from './registry.ts'

export interface Disk {
  /** Fills it until so many bytes are left. */
  fill(left?: number): void
  empty(): void
  /** Files open for writing prevent a read-only remount of the disk, so this puts a read-only mount over every path. */
  cover(): Promise<void>
  uncover(): Promise<void>
  unmount(): Promise<void>
}

/** Creates `dir` and mounts the disk there. */
export async function mountDisk(dir: string, megabytes: number): Promise<Disk> {
  mkdirSync(dir)
  await sh('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'data', dir])
  const fillers: string[] = []
  const free = (): number => {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  }
  /** Writes as many of the bytes as fit. */
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
      // Concurrent writers can make a write fail midway; smaller pieces then fill the rest.
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
