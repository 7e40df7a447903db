// Reads a kmod kit: Bottlerocket's archive with a kernel's build tree and a toolchain.

import * as z from 'zod'
import { keepRecord, readRecord } from '../../archives/records.ts'
import type { TufTarget } from '../../archives/tuf/repository.ts'
import { decompressed } from '../../formats/decompress.ts'
import { tarHeads } from '../../formats/tar-stream.ts'
import { ProbeError } from '../../model/errors.ts'
import { printable } from '../../model/text.ts'
import { compilerIn } from '../built-by.ts'
import { bytesOf, type InputPorts } from '../kept.ts'
import { headersNotFound } from '../refusals.ts'

/** The parts of a plan that are read in a kit. */
const kitFacts = z.object({
  kernelRelease: z.string(),
  tree: z.string(),
  compiler: z.string(),
  compilerText: z.string().optional(),
  leastCompiler: z.string().optional(),
})
export type KitFacts = Readonly<z.infer<typeof kitFacts>>

/** Bytes. A kit has 100 to 200 million; while it is fetched, it takes twice as much memory. */
const MAX_KIT = 400 * 1024 * 1024
const MAX_UNPACKED = 6 * 1024 ** 3
const MAX_ENTRIES = 500_000
const MAX_CONFIG = 1024 * 1024

const recordOf = ({ sha256 }: TufTarget): string => `kmod kit 2 ${sha256}`

/** The recorded facts of a kit; `undefined` if it was never read. */
export const knownFacts = ({ inputs }: InputPorts, kit: TufTarget): Promise<KitFacts | undefined> =>
  readRecord(inputs, recordOf(kit), kitFacts)

/**
 * Fetches a kit, stores it by its digest, and records its facts.
 * @throws {ProbeError} `digest-mismatch`, `mirror-unreachable`, `not-found`, `too-large`; `headers-not-found`
 * if it has no build tree.
 */
export async function readKit(ports: InputPorts, kit: TufTarget): Promise<KitFacts> {
  if (kit.bytes > MAX_KIT)
    throw new ProbeError('too-large', `${kit.name} has ${kit.bytes} bytes, more than any kit`)
  const facts = await factsIn(await bytesOf(ports, kit), kit.name)
  await keepRecord(ports.inputs, recordOf(kit), facts)
  return facts
}

const CONFIG = /^([A-Za-z0-9][A-Za-z0-9._-]*\/kernel-devel)\/\.config$/
const RELEASE = /^[A-Za-z0-9][A-Za-z0-9._-]*\/kernel-devel\/include\/config\/kernel\.release$/

/** Unpacks the kit only until both files are read. */
async function factsIn(body: Uint8Array, name: string): Promise<KitFacts> {
  const keep = (path: string) => (CONFIG.test(path) || RELEASE.test(path) ? MAX_CONFIG : 0)
  const bounds = { maxBytes: MAX_UNPACKED, maxEntries: MAX_ENTRIES, keep }
  let tree: string | undefined
  let config: Uint8Array | undefined
  let release: string | undefined
  try {
    for await (const { path, type, head } of tarHeads(decompressed(body, 'xz', MAX_UNPACKED), bounds)) {
      if (type !== '0') continue
      const found = CONFIG.exec(path)?.[1]
      if (found !== undefined) [tree, config] = [found, head]
      if (RELEASE.test(path)) release = Buffer.from(head).toString('latin1').trim()
      if (config !== undefined && release !== undefined) break
    }
  } catch (cause) {
    if (cause instanceof ProbeError) throw cause
    throw new ProbeError('headers-not-found', `${name} is not a complete .tar.xz: ${String(cause)}`, {
      cause,
    })
  }
  if (tree === undefined || config === undefined || release === undefined)
    throw headersNotFound(`${name} holds no kernel-devel/ with .config and kernel.release`)
  return { kernelRelease: printable(release, 100), tree, ...compilerIn(config, undefined, release) }
}
