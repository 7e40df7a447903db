// Checks a suite's Packages index against InRelease, and streams the needed packages out of it.

import * as z from 'zod'
import { compressionOf, decompressed } from '../../formats/decompress.ts'
import { sha256 } from '../../model/digest.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import type { Fetch } from '../../model/ports.ts'
import type { Package } from '../../model/probe.ts'
import { type Keep, recorded } from '../records.ts'
import { fetchRelease, type IndexFile, type Release, type ReleasePorts } from './in-release.ts'
import type { Suite } from './suite.ts'

/** A package with its field `Depends`. */
export interface AptPackage extends Package {
  readonly depends: string
  /** the suite that lists it; only set if several suites are read together */
  readonly suite?: string
}

export type PackagesPorts = ReleasePorts

/** Bytes. The largest list, main for amd64, has 50 MB. */
const MAX_TEXT = 256 * 1024 * 1024
const MAX_LIST = 64 * 1024 * 1024

const subsetSchema: z.ZodType<AptPackage[]> = z.array(
  z.object({
    name: z.string(),
    version: z.string(),
    url: z.string(),
    sha256: z.string(),
    bytes: z.number(),
    depends: z.string(),
    format: z.literal('deb'),
  }),
)

/**
 * Reads the packages in all components of the suite.
 * @throws {ProbeError} `mirror-unreachable`, `signature-invalid`, `digest-mismatch`.
 */
export async function fetchPackages(
  ports: PackagesPorts,
  suite: Suite,
  arch: 'amd64' | 'arm64',
  keep: Keep,
): Promise<AptPackage[]> {
  const release = await fetchRelease(ports, suite)
  const packages: AptPackage[] = []
  for (const component of suite.components ?? ['main']) {
    const list = listIn(release, arch, component)
    if (list !== undefined) packages.push(...(await packagesIn(ports, suite, list, keep)))
  }
  return packages
}

/** One list in each form that was signed, the fastest to read first. */
export type List = readonly [IndexFile, ...IndexFile[]]

/** gzip is first: it has a third more bytes than xz, but decompresses in a quarter of the time. */
const PACKED = ['.gz', '.xz']

/** The list of a component; `undefined` if the archive has none for that architecture. */
export function listIn(release: Release, arch: 'amd64' | 'arm64', component = 'main'): List | undefined {
  const formsOf = (endings: readonly string[]): IndexFile[] =>
    endings
      .map((ending) => release.get(`${component}/binary-${arch}/Packages${ending}`))
      .filter((file) => file !== undefined)
  const packed = formsOf(PACKED)
  const [first, ...others] = packed.length > 0 ? packed : formsOf([''])
  return first === undefined ? undefined : [first, ...others]
}

/** Identifies the content of a list: it changes whenever the list changes. */
export const digestOf = ([file]: List): string => file.sha256

const packagesIn = (ports: PackagesPorts, suite: Suite, list: List, keep: Keep): Promise<AptPackage[]> =>
  recorded(ports.inputs, `2 ${suite.mirror} ${keep.id} ${digestOf(list)}`, subsetSchema, async () =>
    parse(await fetchList(ports.fetch, suite, list), suite.mirror, keep),
  )

/** Fetches the first form that the mirror has: by path, or by digest if the path already has a newer list. */
async function fetchList(fetch: Fetch, suite: Suite, list: List): Promise<Uint8Array> {
  const [{ path, bytes }] = list
  if (bytes > MAX_LIST) throw new ProbeError('too-large', `${suite.suite} ${path} has ${bytes} bytes`)
  for (const form of list) {
    const body = await fetchForm(fetch, suite, form)
    if (body !== undefined) return body
  }
  throw new ProbeError(
    'digest-mismatch',
    `${suite.mirror} serves a ${path} of ${suite.suite} that is not the one that was signed`,
  )
}

async function fetchForm(
  fetch: Fetch,
  { mirror, suite }: Suite,
  file: IndexFile,
): Promise<Uint8Array | undefined> {
  const folder = file.path.slice(0, file.path.lastIndexOf('/'))
  for (const place of [file.path, `${folder}/by-hash/SHA256/${file.sha256}`]) {
    const body = await fetch(`${mirror}/dists/${suite}/${place}`, { maxBytes: file.bytes }).catch(
      ignoreAbsent,
    )
    if (body?.length === file.bytes && sha256(body) === file.sha256) return body
  }
  return undefined
}

/** `too-large` counts as absent: during an update, a mirror may serve another list, which is larger. */
function ignoreAbsent(error: unknown): undefined {
  if (!isProbeError(error, 'not-found') && !isProbeError(error, 'too-large')) throw error
}

/** A package with the fields that its closure depends on: Debian Policy, 7.2 and 7.5. */
export interface RelatedPackage extends AptPackage {
  readonly preDepends: string
  readonly provides: string
  readonly priority: string
}

/** Yields every package of a signed list. @throws {ProbeError} as for `fetchPackages`. */
export async function* everyPackage(fetch: Fetch, suite: Suite, list: List): AsyncGenerator<RelatedPackage> {
  for await (const stanza of stanzas(await fetchList(fetch, suite, list))) {
    const name = field(stanza, 'Package')
    if (name === undefined) continue
    yield {
      ...packageOf(stanza, name, suite.mirror),
      preDepends: field(stanza, 'Pre-Depends') ?? '',
      provides: field(stanza, 'Provides') ?? '',
      priority: field(stanza, 'Priority') ?? '',
    }
  }
}

async function parse(list: Uint8Array, mirror: string, keep: Keep): Promise<AptPackage[]> {
  const packages: AptPackage[] = []
  for await (const stanza of stanzas(list)) {
    const name = stanza.startsWith('Package: ')
      ? stanza.slice(9, stanza.indexOf('\n'))
      : (field(stanza, 'Package') ?? '')
    if (keep.test(name)) packages.push(packageOf(stanza, name, mirror))
  }
  return packages
}

/** Yields the decompressed text stanza by stanza, because the complete text has up to 50 MB. */
async function* stanzas(list: Uint8Array): AsyncGenerator<string> {
  const compression = compressionOf(list)
  if (compression === undefined)
    throw new ProbeError('digest-mismatch', 'a package list has a compression that is not supported')
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of decompressed(list, compression, MAX_TEXT)) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest.trim() !== '') yield rest
}

const field = (stanza: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]

function packageOf(stanza: string, name: string, mirror: string): AptPackage {
  const must = (field_: string): string => {
    const value = field(stanza, field_)
    if (value !== undefined) return value
    throw new ProbeError('digest-mismatch', `package ${name} in the list of ${mirror} has no ${field_}`)
  }
  return {
    name,
    version: must('Version'),
    url: `${mirror}/${must('Filename')}`,
    sha256: must('SHA256'),
    bytes: Number(must('Size')),
    depends: field(stanza, 'Depends') ?? '',
    format: 'deb',
  }
}
