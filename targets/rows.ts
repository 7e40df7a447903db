// Reads real kernels from driverkit's configs, one line each: arch, target, kernelrelease, kernelversion,
// module, probe, config_md5, kernelurls.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Arch } from '../lib/model/probe.ts'

export interface Row {
  readonly arch: Arch
  readonly target: string
  readonly kernelRelease: string
  readonly kernelVersion: string
  /** URLs of its header packages; empty if it has no packages with URLs */
  readonly urls: readonly string[]
}

/** Reads plain or gzip text. @throws {Error} for a file of another format */
export function readRows(file: string): Row[] {
  const bytes = readFileSync(file)
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const names = head.split('\t')
  const wanted = ['arch', 'target', 'kernelrelease', 'kernelversion', 'kernelurls']
  const missing = wanted.filter((name) => !names.includes(name))
  if (missing.length > 0) throw new Error(`${file} has no column ${missing.join(', ')}`)
  return lines.map((line) => {
    const fields = line.split('\t')
    const field = (name: string): string => fields[names.indexOf(name)] ?? ''
    return {
      arch: field('arch') === 'aarch64' ? 'aarch64' : 'x86_64',
      target: field('target'),
      kernelRelease: field('kernelrelease'),
      kernelVersion: field('kernelversion'),
      urls: field('kernelurls')
        .split(/[ ,]+/)
        .filter((url) => url !== ''),
    }
  })
}

export const fileOf = (url: string): string => decodeURIComponent(url.slice(url.lastIndexOf('/') + 1))

/** Result for one row. */
export type Verdict = { readonly right: true } | { readonly right: false; readonly why: string }

export const RIGHT: Verdict = { right: true }
export const wrong = (why: string): Verdict => ({ right: false, why })

/** Judges all rows of one target together: each row must find its own packages among those of all rows. */
export type Judge = (rows: readonly Row[]) => Promise<readonly Verdict[]>
