// Finds the build tree in an archive of headers, and the compiler that its config names.

import { gunzipSync } from 'node:zlib'
import { tarEntries } from '../../formats/tar.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import { compilerIn, type TreeCompiler } from '../built-by.ts'
import type { HeadersPlan } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'

/** Unpacked bytes; real archives have 100 MB. */
const MAX_UNPACKED = 512 * 1024 * 1024
const MAX_CONFIG = 4 * 1024 * 1024

/**
 * @throws {ProbeError} `mirror-unreachable` if it is not an archive, `headers-not-found` if it is for another
 * kernel.
 */
export function treeIn(archive: Uint8Array, unameRelease: string): TreeCompiler & Pick<HeadersPlan, 'tree'> {
  const tree = `usr/src/linux-headers-${unameRelease}`
  // kbuild makes auto.conf from .config; some archives have only auto.conf.
  const paths = [`${tree}/.config`, `${tree}/include/config/auto.conf`]
  const found = filesIn(archive, paths)
  const config = paths.map((path) => found.get(path)).find((body) => body !== undefined)
  if (config !== undefined) return { tree, ...compilerIn(config, undefined, unameRelease) }
  throw headersNotFound(
    `the headers of that build hold no ${tree}/.config: is it the build (BUILD_ID) of the hosts with this kernel? See cos.builds of the settings`,
  )
}

function filesIn(archive: Uint8Array, paths: readonly string[]): ReadonlyMap<string, Uint8Array> {
  try {
    const tar = gunzipSync(archive, { maxOutputLength: MAX_UNPACKED })
    const files = [...tarEntries(tar)].filter(
      ({ path, type, body }) => paths.includes(path) && type === '0' && body.length <= MAX_CONFIG,
    )
    return new Map(files.map(({ path, body }) => [path, body]))
  } catch (cause) {
    if (isProbeError(cause)) throw cause
    const what = 'cos.tools of the settings does not answer with a complete archive of headers'
    throw new ProbeError('mirror-unreachable', what, { cause })
  }
}
