// What the rows share: a folder, and a registry with one probe published.

import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pinned } from '../test/support/registry/kernels.ts'
import { downloaded, probePath } from '../test/support/registry/probes.ts'
import { type Registry, type RegistryOptions, startRegistry } from '../test/support/registry/registry.ts'
import type { Row } from './table.ts'

export interface Stage {
  /** gone when the bench is over */
  readonly folder: string
  /** of each row */
  readonly rounds: number
  /** Started by whoever asks first, for all that follow. */
  warm(): Promise<Warm>
  close(): Promise<void>
}

/** A registry whose functions have all their workers. */
export interface Warm {
  readonly registry: Registry
  /** of the published probe, e.g. `/driver/...` */
  readonly path: string
  /** its bytes, as they were served */
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

/** As clients ask until it is there: `probe.ko` in the folder. Throws what the registry printed where it is refused. */
export async function got(registry: Registry, path: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const code = await downloaded(registry.url + path, folder)
  if (code !== 0) throw new Error(`no ${path}: curl ended with ${code}\n${registry.output()}`)
}

/** With a registry that is stopped again, whatever comes. */
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
