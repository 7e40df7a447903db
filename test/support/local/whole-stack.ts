// Starts the stack of this project as it is deployed, in its own folder.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { synthesize } from '../../../cdk/synthesize.ts'
import { startStack } from '../../../local/stack.ts'
import { driverArchive } from '../mirrors.ts'

export interface WholeStack {
  readonly url: string
  readonly dataDir: string
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

/** The stack gets drivers from this machine's own mirror, unless the settings name another source. */
export async function startWholeStack(settings: object = {}): Promise<WholeStack> {
  const folder = mkdtempSync(join(tmpdir(), 'probe-registry-whole-'))
  const outdir = join(folder, 'cdk.out')
  const settingsFile = join(folder, 'settings.json')
  writeFileSync(settingsFile, JSON.stringify({ driverPackages: driverArchive(), ...settings }))
  synthesize({ outdir, bundles: join(folder, 'functions'), settingsFile, local: true })
  const dataDir = join(folder, 'data')
  const stack = await startStack({ assembly: outdir, dataDir, port: 0 })
  return {
    ...{ url: stack.url, dataDir },
    stop: async () => {
      await stack.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
