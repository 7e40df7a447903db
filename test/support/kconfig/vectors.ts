// The real kernel configs beside the tests, by file name.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Kconfig } from '../../../lib/kconfig/kconfig.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import { readConfig } from '../../../lib/kconfig/read.ts'

const FOLDER = join(import.meta.dirname, '../../vectors/kernel-configs')

/** Gzipped, as hosts send them. */
export const configBytes = (name: string): Buffer => readFileSync(join(FOLDER, `${name}.config.gz`))
export const configText = (name: string): string => readConfig(configBytes(name)).text
export const realConfig = (name: string): Kconfig => parseKconfig(configText(name))

export const NAMES: readonly string[] = readdirSync(FOLDER)
  .map((file) => file.replace(/\.config\.gz$/, ''))
  .sort()
