// Writes an rpm package in version 4 of the format: lead, signature, header, payload (rpm's format_v4.md). The same spec gives
// the same bytes: the package contains only the given time, and no host name.
// Hand-written: no writer was found on npm.

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { sha256 } from '../../model/digest.ts'
import type { Arch } from '../../model/probe.ts'
import { packCpio } from '../cpio-pack.ts'
import { SIGNATURE_TAGS, TAGS } from './header.ts'
import { bytes, type Entry, int16s, int32s, text, texts, translated, writeHeader } from './write-header.ts'

/** Something that a package requires, provides or conflicts with. */
export interface Relation {
  /** a package's name, or a boolean condition in parentheses such as `(a if b = 1)`, which has no `version` */
  readonly name: string
  /** absent: any version */
  readonly version?: {
    readonly is: '=' | '<=' | '>='
    /** `1.2`, `1.2-3` */
    readonly of: string
  }
  /** scriptlets that need it when they run */
  readonly before?: readonly ('posttrans' | 'postun')[]
}

export type RpmEntry =
  | { readonly tag: 'folder'; readonly path: string }
  | {
      readonly tag: 'file'
      /** absolute, e.g. `/lib/modules/...` */
      readonly path: string
      readonly body: Uint8Array
      readonly kind?: 'doc' | 'license'
    }

export interface RpmSpec {
  readonly name: string
  readonly version: string
  readonly release: string
  readonly arch: Arch
  readonly summary: string
  readonly description: string
  readonly license: string
  /** in addition to the package's own name and version */
  readonly provides: readonly Relation[]
  readonly requires: readonly Relation[]
  readonly conflicts?: readonly Relation[]
  /** shell scripts: `posttrans` runs when the complete transaction is installed, `postun` after the package is removed */
  readonly scripts?: { readonly posttrans: string; readonly postun: string }
  readonly files: readonly RpmEntry[]
  /** time of the build and of all files, in milliseconds since the epoch */
  readonly at: number
}

export type PackedRpm = Awaited<ReturnType<typeof packRpm>>

/** Bits of a relation (rpm's include/rpm/rpmds.h). */
const SENSE = {
  '=': 8,
  '<=': 2 | 8,
  '>=': 4 | 8,
  posttrans: 0x20,
  interpreter: 0x100,
  postun: 0x1000,
} as const
/** Features that rpm itself must support, and provides. */
const RPMLIB = 0x1000000
const FEATURES = [
  feature('CompressedFileNames', '3.0.4-1'),
  feature('FileDigests', '4.6.0-1'),
  feature('PayloadFilesHavePrefix', '4.0-1'),
]
const RICH = feature('RichDependencies', '4.12.0-1')

function feature(name: string, of: string): Relation {
  return { name: `rpmlib(${name})`, version: { is: '<=', of } }
}

/** Tags that only this writer needs (rpm's include/rpm/rpmtag.h). */
const MORE = {
  languages: 100,
  summary: 1004,
  description: 1005,
  buildTime: 1006,
  size: 1009,
  license: 1014,
  group: 1016,
  os: 1021,
  postun: 1026,
  fileSizes: 1028,
  fileModes: 1030,
  fileDevices: 1033,
  fileTimes: 1034,
  fileDigests: 1035,
  fileLinks: 1036,
  fileFlags: 1037,
  fileUsers: 1039,
  fileGroups: 1040,
  fileVerify: 1045,
  rpmVersion: 1064,
  postunProgram: 1088,
  fileOnDevices: 1095,
  fileInodes: 1096,
  fileLanguages: 1097,
  folderIndexes: 1116,
  baseNames: 1117,
  folderNames: 1118,
  payloadFlags: 1126,
  platform: 1132,
  posttrans: 1152,
  posttransProgram: 1154,
  fileDigestAlgorithm: 5011,
  encoding: 5062,
  payloadDigestAlgorithm: 5093,
  unpackedDigest: 5097,
} as const
/** Tags of the names, flags and versions of relations. */
const RELATIONS = {
  provides: [1047, 1112, 1113],
  requires: [1049, 1048, 1050],
  conflicts: [1054, 1053, 1055],
} as const
/** Tags of sizes in the signature header. */
const MEASURES = { bytes: 1000, archiveBytes: 1007 } as const

const SHELL = '/bin/sh'
const SHA256_NUMBER = 8
const LEVEL = 9
const FILE_FLAGS = { doc: 2, license: 128 } as const

/** `sign` returns a binary OpenPGP signature over the main header. rpm verifies it before it reads anything else. */
export async function packRpm(spec: RpmSpec, sign: (header: Uint8Array) => Promise<Uint8Array>) {
  const seconds = Math.floor(spec.at / 1000)
  const files = spec.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const archive = packCpio(
    files.map((entry) => ({ path: `.${entry.path}`, mode: modeOf(entry), body: bodyOf(entry) })),
    seconds,
  )
  const payload = gzipSync(archive, { level: LEVEL })
  const header = writeHeader(TAGS.region, mainEntries({ ...spec, files }, archive, payload, seconds))
  const signature = writeHeader(SIGNATURE_TAGS.region, [
    [SIGNATURE_TAGS.rsa, bytes(await sign(header))],
    [SIGNATURE_TAGS.sha1, text(createHash('sha1').update(header).digest('hex'))],
    [SIGNATURE_TAGS.sha256, text(sha256(header))],
    // The only check of the payload in rpm before 4.14.
    [SIGNATURE_TAGS.md5, bytes(createHash('md5').update(header).update(payload).digest())],
    [MEASURES.bytes, int32s(header.length + payload.length)],
    [MEASURES.archiveBytes, int32s(archive.length)],
  ])
  const before = Buffer.concat([leadOf(spec), signature, Buffer.alloc((8 - (signature.length % 8)) % 8)])
  return {
    body: Buffer.concat([before, header, payload]),
    /** byte range of the main header; repository lists contain the range, for clients that read only the header */
    header: { start: before.length, end: before.length + header.length },
    installedBytes: sizeOf(files),
    /** size of the unpacked payload */
    archiveBytes: archive.length,
  }
}

const bodyOf = (entry: RpmEntry): Uint8Array => (entry.tag === 'file' ? entry.body : new Uint8Array())
const modeOf = ({ tag }: RpmEntry): number => (tag === 'file' ? 0o100644 : 0o040755)
const sizeOf = (files: readonly RpmEntry[]): number =>
  files.reduce((sum, entry) => sum + bodyOf(entry).length, 0)

/** Only file(1) and old programs read the lead. */
function leadOf({ name, version, release, arch }: RpmSpec): Uint8Array {
  const lead = Buffer.alloc(96)
  lead.writeUInt32BE(0xedabeedb)
  lead.writeUInt8(3, 4)
  lead.writeUInt16BE({ x86_64: 1, aarch64: 19 }[arch], 8)
  // The last byte of the name stays 0.
  Buffer.from(`${name}-${version}-${release}`).copy(lead, 10, 0, 65)
  lead.writeUInt16BE(1, 76)
  lead.writeUInt16BE(5, 78)
  return lead
}

function mainEntries(spec: RpmSpec, archive: Uint8Array, payload: Uint8Array, seconds: number): Entry[] {
  const { name, version, release, arch } = spec
  return [
    [MORE.languages, texts('C')],
    [TAGS.name, text(name)],
    [TAGS.version, text(version)],
    [TAGS.release, text(release)],
    [MORE.summary, translated(spec.summary)],
    [MORE.description, translated(spec.description)],
    [MORE.buildTime, int32s(seconds)],
    [MORE.size, int32s(sizeOf(spec.files))],
    [MORE.license, text(spec.license)],
    [MORE.group, translated('Unspecified')],
    [MORE.os, text('linux')],
    [TAGS.arch, text(arch)],
    // rpm takes a package without this tag for a source package.
    [TAGS.sourceRpm, text(`${name}-${version}-${release}.src.rpm`)],
    // The version of rpm whose rules the format follows.
    [MORE.rpmVersion, text('4.14.0')],
    [MORE.platform, text(`${arch}-linux`)],
    [MORE.encoding, text('utf-8')],
    [TAGS.payloadFormat, text('cpio')],
    [TAGS.payloadCompressor, text('gzip')],
    [MORE.payloadFlags, text(String(LEVEL))],
    [TAGS.payloadDigest, texts(sha256(payload))],
    [MORE.payloadDigestAlgorithm, int32s(SHA256_NUMBER)],
    [MORE.unpackedDigest, texts(sha256(archive))],
    ...scriptEntries(spec),
    ...relations('provides', givesOf(spec)),
    ...relations('requires', needsOf(spec)),
    ...relations('conflicts', spec.conflicts ?? []),
    ...fileEntries(spec.files, seconds),
  ]
}

const scriptEntries = ({ scripts }: RpmSpec): Entry[] =>
  scripts === undefined
    ? []
    : [
        [MORE.posttrans, text(scripts.posttrans)],
        [MORE.postun, text(scripts.postun)],
        [MORE.posttransProgram, text(SHELL)],
        [MORE.postunProgram, text(SHELL)],
      ]

/** All requirements: those of the spec, rpm's features, and the shell for the scripts. */
export function needsOf({ requires, scripts }: Pick<RpmSpec, 'requires' | 'scripts'>): readonly Relation[] {
  const shell: Relation[] = scripts === undefined ? [] : [{ name: SHELL, before: ['posttrans', 'postun'] }]
  const rich = requires.some(({ name }) => name.startsWith('(')) ? [RICH] : []
  return [...shell, ...requires, ...FEATURES, ...rich]
}

/** Everything that the package provides; its own name and version come first. */
export const givesOf = (
  spec: Pick<RpmSpec, 'name' | 'version' | 'release' | 'provides'>,
): readonly Relation[] => [
  { name: spec.name, version: { is: '=', of: `${spec.version}-${spec.release}` } },
  ...spec.provides,
]

function relations(kind: keyof typeof RELATIONS, list: readonly Relation[]): Entry[] {
  if (list.length === 0) return []
  const [names, flags, versions] = RELATIONS[kind]
  return [
    [names, texts(...list.map(({ name }) => name))],
    [flags, int32s(...list.map(flagsOf))],
    [versions, texts(...list.map(({ version }) => version?.of ?? ''))],
  ]
}

function flagsOf({ name, version, before = [] }: Relation): number {
  const sense = version === undefined ? 0 : SENSE[version.is]
  const scripts = before.reduce((bits, script) => bits | SENSE[script], 0)
  const interpreter = name === SHELL ? SENSE.interpreter : 0
  return sense | scripts | interpreter | (name.startsWith('rpmlib(') ? RPMLIB : 0)
}

function fileEntries(files: readonly RpmEntry[], seconds: number): Entry[] {
  if (files.length === 0) return []
  const each = <T>(value: (entry: RpmEntry, i: number) => T): T[] => files.map(value)
  const folders = [...new Set(each(({ path }) => folderOf(path)))]
  return [
    [MORE.fileSizes, int32s(...each((entry) => bodyOf(entry).length))],
    [MORE.fileModes, int16s(...each(modeOf))],
    [MORE.fileDevices, int16s(...each(() => 0))],
    [MORE.fileTimes, int32s(...each(() => seconds))],
    [MORE.fileDigests, texts(...each((entry) => (entry.tag === 'file' ? sha256(entry.body) : '')))],
    [MORE.fileLinks, texts(...each(() => ''))],
    [MORE.fileFlags, int32s(...each(fileFlags))],
    [MORE.fileUsers, texts(...each(() => 'root'))],
    [MORE.fileGroups, texts(...each(() => 'root'))],
    [MORE.fileVerify, int32s(...each(() => 0xffffffff))],
    [MORE.fileOnDevices, int32s(...each(() => 1))],
    [MORE.fileInodes, int32s(...each((_, i) => i + 1))],
    [MORE.fileLanguages, texts(...each(() => ''))],
    [MORE.folderIndexes, int32s(...each(({ path }) => folders.indexOf(folderOf(path))))],
    [MORE.baseNames, texts(...each(({ path }) => path.slice(folderOf(path).length)))],
    [MORE.folderNames, texts(...folders)],
    [MORE.fileDigestAlgorithm, int32s(SHA256_NUMBER)],
  ]
}

const fileFlags = (entry: RpmEntry): number =>
  entry.tag === 'file' && entry.kind !== undefined ? FILE_FLAGS[entry.kind] : 0

/** With the final slash, as rpm stores it. */
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)
