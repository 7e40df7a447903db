// Writes the lists of an rpm repository in createrepo_c's schema. Deterministic. Hand-written, because createrepo_c is a
// program and npm has no library for this.

import { gzipSync } from 'node:zlib'
import * as z from 'zod'
import { givesOf, needsOf, type PackedRpm, type Relation, type RpmSpec } from '../../formats/rpm/pack.ts'
import { sha256, sha256Hex } from '../../model/digest.ts'
import { ARCHES } from '../../model/probe.ts'

const relation = z.object({
  name: z.string(),
  version: z.object({ is: z.enum(['=', '<=', '>=']), of: z.string() }).optional(),
})

/** A package's entry in the lists. */
export const listedRpm = z.object({
  name: z.string(),
  version: z.string(),
  release: z.string(),
  arch: z.enum(ARCHES),
  summary: z.string(),
  description: z.string(),
  license: z.string(),
  /** time of the build, in seconds since the epoch */
  built: z.number(),
  /** digest of the file */
  sha256: sha256Hex,
  bytes: z.number(),
  /** path relative to the repository */
  href: z.string(),
  installedBytes: z.number(),
  archiveBytes: z.number(),
  header: z.object({ start: z.number(), end: z.number() }),
  provides: z.array(relation),
  requires: z.array(relation),
  conflicts: z.array(relation),
  files: z.array(z.object({ tag: z.enum(['folder', 'file']), path: z.string() })),
})
export type ListedRpm = Readonly<z.infer<typeof listedRpm>>

export function listedOf(spec: RpmSpec, { body, ...measured }: PackedRpm, href: string): ListedRpm {
  const { name, version, release, arch, summary, description, license } = spec
  return {
    ...{ name, version, release, arch, summary, description, license },
    built: Math.floor(spec.at / 1000),
    sha256: sha256(body),
    bytes: body.length,
    href,
    ...measured,
    provides: plain(givesOf(spec)),
    // rpm itself provides these, so lists omit them.
    requires: plain(needsOf(spec)).filter((one) => !one.name.startsWith('rpmlib(')),
    conflicts: plain(spec.conflicts ?? []),
    files: spec.files.map(({ tag, path }) => ({ tag, path })),
  }
}

/** Lists omit `before`. */
const plain = (relations: readonly Relation[]): ListedRpm['provides'] =>
  relations.map(({ name, version }) => (version === undefined ? { name } : { name, version }))

export interface Lists {
  readonly repomd: Uint8Array
  /** gzip; repomd.xml refers to each by its digest */
  readonly files: readonly Uint8Array[]
}

/**
 * `revision`: seconds since the epoch. It must be higher than in all earlier lists, because libdnf's DnfRepo ignores lists with
 * a lower revision than its own.
 */
export function listsOf(packages: readonly ListedRpm[], revision: number): Lists {
  const sorted = packages.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const count = `packages="${sorted.length}"`
  const lists = {
    primary: xml(`metadata ${namespace('common')} ${RPM} ${count}`, sorted.map(primaryOf)),
    filelists: xml(`filelists ${namespace('filelists')} ${count}`, sorted.map(filesOf)),
    other: xml(`otherdata ${namespace('other')} ${count}`, sorted.map(otherOf)),
  }
  const data = Object.entries(lists).map(([type, text]) => dataOf(type, text, revision))
  const elements = [`<revision>${revision}</revision>`, ...data.map(({ element }) => element)]
  const repomd = Buffer.from(xml(`repomd ${namespace('repo')} ${RPM}`, elements))
  return { repomd, files: data.map(({ body }) => body) }
}

const nameOf = (pkg: ListedRpm): string => `${pkg.name}-${pkg.version}-${pkg.release}.${pkg.arch}`

const namespace = (schema: string): string => `xmlns="http://linux.duke.edu/metadata/${schema}"`
const RPM = 'xmlns:rpm="http://linux.duke.edu/metadata/rpm"'

/** `root`: name and attributes of the root element. */
const xml = (root: string, elements: readonly string[]): string =>
  [XML, `<${root}>`, ...elements, `</${root.split(' ', 1)[0]}>`, ''].join('\n')
const XML = '<?xml version="1.0" encoding="UTF-8"?>'

function dataOf(type: string, open: string, revision: number) {
  const body = gzipSync(open)
  const digest = sha256(body)
  const path = `repodata/${digest}-${type}.xml.gz`
  const element = `<data type="${type}"><checksum type="sha256">${digest}</checksum><open-checksum type="sha256">${sha256(open)}</open-checksum><location href="${path}"/><timestamp>${revision}</timestamp><size>${body.length}</size><open-size>${Buffer.byteLength(open)}</open-size></data>`
  return { element, body }
}

function primaryOf(pkg: ListedRpm): string {
  const { name, arch, bytes, installedBytes, archiveBytes, header, built } = pkg
  return [
    `<package type="rpm"><name>${escaped(name)}</name><arch>${arch}</arch>${versionOf(pkg)}`,
    `<checksum type="sha256" pkgid="YES">${pkg.sha256}</checksum>`,
    `<summary>${escaped(pkg.summary)}</summary><description>${escaped(pkg.description)}</description><packager/><url/>`,
    `<time file="${built}" build="${built}"/>`,
    `<size package="${bytes}" installed="${installedBytes}" archive="${archiveBytes}"/>`,
    `<location href="${escaped(pkg.href)}"/>`,
    `<format><rpm:license>${escaped(pkg.license)}</rpm:license><rpm:vendor/><rpm:group>Unspecified</rpm:group><rpm:buildhost/>`,
    `<rpm:sourcerpm>${escaped(`${name}-${pkg.version}-${pkg.release}.src.rpm`)}</rpm:sourcerpm>`,
    `<rpm:header-range start="${header.start}" end="${header.end}"/>`,
    relations('provides', pkg.provides),
    relations('requires', pkg.requires),
    relations('conflicts', pkg.conflicts),
    '</format></package>',
  ].join('\n')
}

const versionOf = ({ version, release }: ListedRpm): string =>
  `<version epoch="0" ver="${escaped(version)}" rel="${escaped(release)}"/>`

const relations = (kind: string, all: ListedRpm['provides']): string =>
  all.length === 0 ? '' : `<rpm:${kind}>${all.map(relationOf).join('')}</rpm:${kind}>`

const SENSES = { '=': 'EQ', '<=': 'LE', '>=': 'GE' } as const

function relationOf({ name, version }: ListedRpm['provides'][number]): string {
  if (version === undefined) return `<rpm:entry name="${escaped(name)}"/>`
  const [ver = '', rel] = version.of.split('-', 2)
  const release = rel === undefined ? '' : ` rel="${escaped(rel)}"`
  return `<rpm:entry name="${escaped(name)}" flags="${SENSES[version.is]}" epoch="0" ver="${escaped(ver)}"${release}/>`
}

const filesOf = (pkg: ListedRpm): string => `${idOf(pkg)}${pkg.files.map(fileOf).join('')}</package>`

const otherOf = (pkg: ListedRpm): string => `${idOf(pkg)}</package>`

const idOf = (pkg: ListedRpm): string =>
  `<package pkgid="${pkg.sha256}" name="${escaped(pkg.name)}" arch="${pkg.arch}">${versionOf(pkg)}`

const fileOf = ({ tag, path }: ListedRpm['files'][number]): string =>
  `<file${tag === 'folder' ? ' type="dir"' : ''}>${escaped(path)}</file>`

/** `value`: must not contain control characters. */
const escaped = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
