// The time of day as a registry sees it: libfaketime shifts it by what a file says at that moment.

import { globSync, writeFileSync } from 'node:fs'

export interface Clock {
  /** for the registry's process */
  readonly env: Readonly<Record<string, string>>
  /** Seconds from the true time. */
  set(seconds: number): void
}

/** Not shifted. `file` is made. */
export function clockOf(file: string): Clock {
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1')
  if (library === undefined) throw new Error('libfaketime is not here: sh local/setup.sh test')
  const set = (seconds: number) => writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  set(0)
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  return { env, set }
}
