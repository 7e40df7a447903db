// The registry of one test file: a temporary folder with a stack, which tests can stop and start again.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type Curl, curl, type Registry, type RegistryOptions, scratch, startRegistry } from './registry.ts'

type Options = Partial<RegistryOptions>

interface Stand {
  /** for other files of the tests */
  dir(): string
  dataDir(): string
  /** the running stack, or the last one */
  registry(): Registry
  /** these options override those of the stand */
  start(options?: Options): Promise<Registry>
  /** does nothing if no stack runs; resolves to the exit code or the signal */
  stop(signal?: NodeJS.Signals): ReturnType<Registry['stop']>
  /** follows redirects, and discards the body */
  get(path: string, ...args: string[]): Promise<Curl>
}

/** The tests call `start` in their own hook, which can prepare the folder first. */
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
