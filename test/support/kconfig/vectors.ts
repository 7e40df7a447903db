// The real kernel configs in test/vectors, by file name.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Kconfig } from '../../../lib/kconfig/kconfig.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'

const FOLDER = join(import.meta.dirname, '../../vectors/kernel-configs')

/** One character per byte, as `readConfig` reads it. */
const textOf = (gzip: Uint8Array): string => gunzipSync(gzip).toString('latin1')

/** Gzipped, as hosts send them. */
export const configBytes = (name: string): Buffer => readFileSync(join(FOLDER, `${name}.config.gz`))
export const configText = (name: string): string => textOf(configBytes(name))
export const realConfig = (name: string): Kconfig => parseKconfig(configText(name))

export const NAMES: readonly string[] = readdirSync(FOLDER)
  .map((file) => file.replace(/\.config\.gz$/, ''))
  .sort()

const FIELD = join(import.meta.dirname, '../../vectors/kernel-configs-field')

/** A config from one of many distributions; README.md in the folder explains the selection. */
interface FieldConfig {
  /** file name without `.config.gz` */
  readonly name: string
  /** column of index.tsv: mostly the release by `uname -r`, with other known facts */
  readonly kernel: string
  readonly arch: string
}

export const FIELD_CONFIGS: readonly FieldConfig[] = readFileSync(join(FIELD, 'index.tsv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [file = '', , kernel = '', arch = ''] = line.split('\t')
    return { name: file.replace(/\.config\.gz$/, ''), kernel, arch }
  })

export const fieldBytes = (name: string): Buffer => readFileSync(join(FIELD, `${name}.config.gz`))
export const fieldText = (name: string): string => textOf(fieldBytes(name))
export const fieldConfig = (name: string): Kconfig => parseKconfig(fieldText(name))
