// The registry of one file of tests: a folder that is gone at the end, and a stack on it that may be stopped and started again.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type Curl, curl, type Registry, type RegistryOptions, scratch, startRegistry } from './registry.ts'

type Options = Partial<RegistryOptions>

interface Stand {
  /** for whatever the tests need beside it */
  dir(): string
  dataDir(): string
  /** the stack that runs, or ran last */
  registry(): Registry
  /** with these options over those of the stand */
  start(options?: Options): Promise<Registry>
  /** nothing when none runs; resolves to the exit code or the signal */
  stop(signal?: NodeJS.Signals): ReturnType<Registry['stop']>
  /** follows redirects, and throws the body away */
  get(path: string, ...args: string[]): Promise<Curl>
}

/** `start` is called before the tests, in a hook of theirs that may get the folder ready first. */
export function stand(standing: Options = {}): Stand {
  let dir = ''
  let running: Registry | undefined
  beforeAll(async () => {
    dir = (await scratch()).dir
  })
  afterAll(async () => {
    await running?.stop()
    await rm(dir, { recursive: true, force: true })
  })
  const registry = (): Registry => {
    if (running === undefined) throw new Error('the registry of these tests was not started')
    return running
  }
  const dataDir = () => join(dir, 'data')
  return {
    dir: () => dir,
    dataDir,
    registry,
    start: async (options = {}) => {
      running = await startRegistry({ dataDir: dataDir(), ...standing, ...options })
      return running
    },
    stop: async (signal) => running?.stop(signal) ?? null,
    get: (path, ...args) => curl(['-fsSL', '-o', '/dev/null', ...args, registry().url + path]),
  }
}
