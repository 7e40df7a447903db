// The configs of the kernel build trees that a header package holds.

import * as z from 'zod'
import { type AptPackage, MAX_SUBSET } from '../../archives/apt/packages.ts'
import { streamOfDeb } from '../../formats/deb.ts'
import { tarHeads } from '../../formats/tar-stream.ts'
import { ensureInput } from '../../inputs/inputs.ts'
import { sha256 } from '../../model/digest.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import { inputKey, listKey } from '../../model/keys.ts'
import type { Fetch, Store } from '../../model/ports.ts'
import { MAX_CONFIG } from './compiler-text.ts'

/** Of all kernels of one firmware; a package of one kernel has one tree. */
const MAX_TREES = 8
const CONFIG = /^(usr\/src\/linux-headers-[^/]+)\/\.config$/
/** Above the largest trees, of 130 MB and 30,000 files. */
const BOUNDS = { maxBytes: 512 * 1024 * 1024, maxEntries: 200_000 }

const configsSchema = z.record(z.string(), z.string())

/**
 * By the tree's folder; no further than `enough`. Kept by the package's digest, since a whole tree takes
 * seconds to unpack.
 * @throws {ProbeError} as for a plan.
 */
export async function treeConfigs(
  { inputs, fetch }: { readonly inputs: Store; readonly fetch: Fetch },
  pkg: AptPackage,
  enough: (tree: string) => boolean = () => false,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const key = listKey(sha256(`configs 1 ${pkg.sha256}`))
  const kept = await inputs.get(key, MAX_SUBSET)
  if (kept !== undefined) return readKept(kept)
  await ensureInput(inputs, fetch, pkg)
  const deb = await inputs.get(inputKey(pkg.sha256), pkg.bytes)
  if (deb === undefined) return new Map()
  const configs = await configsIn(deb, pkg, enough)
  const text = [...configs].map(([tree, config]) => [tree, Buffer.from(config).toString('latin1')])
  const body = new TextEncoder().encode(JSON.stringify(Object.fromEntries(text)))
  await inputs.create(key, body, { contentType: 'application/json', sha256: sha256(body) })
  return configs
}

const readKept = (kept: Uint8Array): Map<string, Uint8Array> =>
  new Map(
    Object.entries(configsSchema.parse(JSON.parse(new TextDecoder().decode(kept)))).map(([tree, text]) => [
      tree,
      Buffer.from(text, 'latin1'),
    ]),
  )

async function configsIn(
  deb: Uint8Array,
  { name, version }: AptPackage,
  enough: (tree: string) => boolean,
): Promise<Map<string, Uint8Array>> {
  const configs = new Map<string, Uint8Array>()
  const keep = (path: string): number => (CONFIG.test(path) ? MAX_CONFIG + 1 : 0)
  try {
    for await (const { path, head } of tarHeads(streamOfDeb(deb), { ...BOUNDS, keep })) {
      const tree = CONFIG.exec(path)?.[1]
      if (tree === undefined) continue
      if (head.length > MAX_CONFIG || configs.size >= MAX_TREES)
        throw new ProbeError('too-large', 'it holds more configs, or larger ones, than kernels have')
      configs.set(tree, head)
      if (enough(tree)) break
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const code = isProbeError(cause) ? cause.code : 'digest-mismatch'
    throw new ProbeError(code, `${name} ${version} cannot be read: ${why}`, { cause })
  }
  return configs
}
