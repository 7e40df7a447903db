// Shared setup of the rows: a folder, and a registry with one published probe.

import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pinned } from '../test/support/registry/kernels.ts'
import { downloaded, probePath } from '../test/support/registry/probes.ts'
import { type Registry, type RegistryOptions, startRegistry } from '../test/support/registry/registry.ts'
import type { Row } from './table.ts'

export interface Stage {
  /** removed when the bench ends */
  readonly folder: string
  /** number of rounds of each row */
  readonly rounds: number
  /** Starts the registry on the first call; later calls share it. */
  warm(): Promise<Warm>
  close(): Promise<void>
}

/** A registry in which all workers of the functions run. */
export interface Warm {
  readonly registry: Registry
  /** path of the published probe, e.g. `/driver/...` */
  readonly path: string
  /** path of a file with the served bytes */
  readonly file: string
  readonly bytes: number
}

/** Measures the rows of one name. */
export type Measure = (stage: Stage) => Promise<readonly Row[]>

export function openStage(folder: string, rounds: number): Stage {
  let started: Promise<Warm> | undefined
  return {
    folder,
    rounds,
    warm: () => {
      started ??= startWarm(join(folder, 'warm'))
      return started
    },
    close: async () => {
      const warm = await started?.catch(() => undefined)
      await warm?.registry.stop()
    },
  }
}

async function startWarm(folder: string): Promise<Warm> {
  const registry = await startRegistry({ dataDir: join(folder, 'data') })
  const path = probePath(pinned('6.1', 'amd64').release)
  await got(registry, path, folder)
  const file = join(folder, 'probe.ko')
  return { registry, path, file, bytes: (await stat(file)).size }
}

/**
 * Requests the probe until it is there, like a client, and stores it as `probe.ko` in the folder. Throws the
 * registry's output if it refuses.
 */
export async function got(registry: Registry, path: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const code = await downloaded(registry.url + path, folder)
  if (code !== 0) throw new Error(`no ${path}: curl ended with ${code}\n${registry.output()}`)
}

/** Starts a registry for the action, and always stops it afterwards. */
export async function withRegistry<T>(
  options: RegistryOptions,
  action: (registry: Registry) => Promise<T>,
): Promise<T> {
  const registry = await startRegistry(options)
  try {
    return await action(registry)
  } finally {
    await registry.stop()
  }
}
