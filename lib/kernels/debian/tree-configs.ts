// The configs of the kernel build trees that a header package holds.

import * as z from 'zod'
import { type AptPackage, MAX_SUBSET } from '../../archives/apt/packages.ts'
import { contentsOfDeb } from '../../formats/deb.ts'
import { tarEntries } from '../../formats/tar.ts'
import { ensureInput } from '../../inputs/inputs.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { inputKey, listKey } from '../../model/keys.ts'
import type { Fetch, Store } from '../../model/ports.ts'
import { MAX_CONFIG } from './compiler-text.ts'

/** A package has one; that of all Raspberry Pis had four. */
const MAX_TREES = 8
const CONFIG = /^(usr\/src\/linux-headers-[^/]+)\/\.config$/

const configsSchema = z.record(z.string(), z.string())

/** By the tree's folder, each as latin1. Kept by the package's digest: a whole tree takes a second to unpack. ProbeError as for a plan. */
export async function treeConfigs(
  { inputs, fetch }: { readonly inputs: Store; readonly fetch: Fetch },
  pkg: AptPackage,
): Promise<ReadonlyMap<string, string>> {
  const key = listKey(sha256(`configs 1 ${pkg.sha256}`))
  const kept = await inputs.get(key, MAX_SUBSET)
  if (kept !== undefined)
    return new Map(Object.entries(configsSchema.parse(JSON.parse(new TextDecoder().decode(kept)))))
  await ensureInput(inputs, fetch, pkg)
  const deb = await inputs.get(inputKey(pkg.sha256), pkg.bytes)
  const configs = deb === undefined ? new Map() : await configsIn(deb, pkg)
  const body = new TextEncoder().encode(JSON.stringify(Object.fromEntries(configs)))
  await inputs.create(key, body, { contentType: 'application/json', sha256: sha256(body) })
  return configs
}

async function configsIn(deb: Uint8Array, { name, version }: AptPackage): Promise<Map<string, string>> {
  const configs = new Map<string, string>()
  for (const { path, body } of tarEntries(await contentsOfDeb(deb))) {
    const tree = CONFIG.exec(path)?.[1]
    if (tree === undefined) continue
    if (body.length > MAX_CONFIG || configs.size >= MAX_TREES)
      throw new ProbeError(
        'too-large',
        `${name} ${version} holds more configs, or larger ones, than a kernel's`,
      )
    configs.set(tree, Buffer.from(body).toString('latin1'))
  }
  return configs
}
