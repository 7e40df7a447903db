// Sets the time of day that a registry sees: libfaketime shifts it by the current value in a file.

import { globSync, writeFileSync } from 'node:fs'

export interface Clock {
  /** environment for the registry's process */
  readonly env: Readonly<Record<string, string>>
  /** Sets the shift in seconds from the true time. */
  set(seconds: number): void
}

/** Starts without a shift, and creates `file`. */
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
