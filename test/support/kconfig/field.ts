// Real configs of 30 distributions, with reviewed verdicts: test/vectors/kernel-configs-field/README.md.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const FOLDER = join(import.meta.dirname, '../../vectors/kernel-configs-field')

/** A cell begins with `will`, `yes`, `may`, `cannot` or `no`, and names the options that decide. */
interface FieldConfig {
  readonly file: string
  /** the part after the distribution in the file's name: its `uname -r`, or nearly */
  readonly release: string
  readonly kmod: string
  readonly kmodDefault: string
  readonly ebpf: string
  readonly ebpfDefault: string
  readonly modernEbpf: string
  readonly compilerFamily: string
  readonly compilerMajor: string
}

/** Gzipped, as hosts send it. */
export const fieldBytes = (file: string): Buffer => readFileSync(join(FOLDER, file))

export const FIELD: readonly FieldConfig[] = readFileSync(join(FOLDER, 'expected.tsv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [file = '', kmod = '', kmodDefault = '', ebpf = '', ebpfDefault = '', modernEbpf = '', , ...rest] =
      line.split('\t')
    const [compilerFamily = '', compilerMajor = ''] = rest
    const release = file.slice(file.indexOf('_') + 1).replace(/\.config\.gz$/, '')
    return {
      ...{ file, release, kmod, kmodDefault, ebpf, ebpfDefault, modernEbpf, compilerFamily, compilerMajor },
    }
  })

export const fieldText = (file: string): string => gunzipSync(fieldBytes(file)).toString('utf8')
