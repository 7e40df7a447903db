// Real names: from the configs of driver builders, and from published probes.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

function rows(file: string): string[][] {
  const zipped = readFileSync(new URL(`../../vectors/names/${file}`, import.meta.url))
  return gunzipSync(zipped)
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
}

/** One real name, with its parts as the publisher lists them. */
interface Vector {
  readonly path: string
  readonly arch: string
  readonly target: string
  readonly kernelRelease?: string
  readonly kernelVersion?: string
}

/** One entry per config of a driver builder: the paths of its module and its eBPF probe, if it has them. */
export const CONFIGS: readonly (readonly Vector[])[] = rows('driverkit-configs-6.0.1.tsv.gz').map(
  ([arch = '', target = '', kernelRelease = '', kernelVersion = '', ...files]) =>
    files
      .slice(0, 2)
      .filter((file) => file !== '')
      .map((file) => ({
        path: `/driver/6.0.1+driver/${arch}/${file}`,
        arch,
        target,
        kernelRelease,
        kernelVersion,
      })),
)

export const PUBLISHED: readonly Vector[] = rows('published-names-3.0.0.tsv.gz').map(
  ([version, arch = '', , target = '', , file]) => ({
    path: `/driver/${version}/${arch}/${file}`,
    arch,
    target,
  }),
)

export const VECTORS: readonly Vector[] = [...CONFIGS.flat(), ...PUBLISHED]
