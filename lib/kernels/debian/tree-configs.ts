// Reads the configs of all build trees in a header package.

import * as z from 'zod'
import type { AptPackage } from '../../archives/apt/packages.ts'
import { recorded } from '../../archives/records.ts'
import { streamOfDeb } from '../../formats/deb.ts'
import { tarHeads } from '../../formats/tar-stream.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import { bytesOf, type InputPorts } from '../kept.ts'
import { MAX_CONFIG } from './config.ts'

/** Maximum number of trees in a package, with all kernels of one firmware. Other packages have one tree. */
const MAX_TREES = 8
const CONFIG = /^(usr\/src\/linux-headers-[^/]+)\/\.config$/
/** Above the largest trees, of 130 MB and 30,000 files. */
const BOUNDS = { maxBytes: 512 * 1024 * 1024, maxEntries: 200_000 }

/**
 * Returns configs by the tree's folder; stops at a tree that is `enough`. Records them by the package's
 * digest, because a tree takes seconds to unpack.
 * @throws {ProbeError} as for a plan.
 */
export async function treeConfigs(
  ports: InputPorts,
  pkg: AptPackage,
  enough: (tree: string) => boolean = () => false,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const schema = z.record(z.string(), z.string())
  const texts = await recorded(ports.inputs, `configs 1 ${pkg.sha256}`, schema, async () =>
    Object.fromEntries(await configsIn(await bytesOf(ports, pkg), pkg, enough)),
  )
  return new Map(Object.entries(texts).map(([tree, text]) => [tree, Buffer.from(text, 'latin1')]))
}

async function configsIn(
  deb: Uint8Array,
  { name, version }: AptPackage,
  enough: (tree: string) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const configs = new Map<string, string>()
  const keep = (path: string): number => (CONFIG.test(path) ? MAX_CONFIG + 1 : 0)
  try {
    for await (const { path, head } of tarHeads(streamOfDeb(deb), { ...BOUNDS, keep })) {
      const tree = CONFIG.exec(path)?.[1]
      if (tree === undefined) continue
      if (head.length > MAX_CONFIG || configs.size >= MAX_TREES)
        throw new ProbeError('too-large', 'it holds more configs, or larger ones, than kernels have')
      configs.set(tree, Buffer.from(head).toString('latin1'))
      if (enough(tree)) break
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const code = isProbeError(cause) ? cause.code : 'digest-mismatch'
    throw new ProbeError(code, `${name} ${version} cannot be read: ${why}`, { cause })
  }
  return configs
}
