// A probe as two packages of dpkg: one has the module of one kernel, and one of its flavour leads to the newest of those.

import { createHash } from 'node:crypto'
import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import { type DebFile, packDeb } from '../../formats/deb-pack.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { quote } from '../../model/text.ts'
import type { Contents, Published } from '../contents.ts'
import { namesOf, type PackageNames } from './names.ts'
import { packagePath } from './paths.ts'

export interface Deb {
  /** below the repository */
  readonly path: string
  readonly body: Uint8Array
  /** as it stands in `Packages` */
  readonly stanza: string
}

/** Fields of a control file, in their order. deb-control(5) */
type Fields = Readonly<Record<string, string>>

/** As the registry's key calls itself: functions/signing-key.ts. */
const MAINTAINER = 'Probe registry <probes@registry.invalid>'

/** Of published bytes alone: the same probe gives the same packages. ProbeError `misconfigured`. */
export function debsOf(published: Published, contents: Contents): readonly Deb[] {
  const { unameRelease } = published.publication.provenance
  // It stands in scripts that root runs.
  if (!/^\d[A-Za-z0-9.+~_-]*$/.test(unameRelease))
    throw new ProbeError(
      'misconfigured',
      `${published.key} is of a kernel that calls itself ${quote(unameRelease)}`,
    )
  const names = namesOf(published.probe, unameRelease)
  const module = modulePackage(published, contents, names)
  return names.flavour === undefined ? [module] : [module, flavourPackage(published, contents, names)]
}

function modulePackage(published: Published, contents: Contents, names: PackageNames): Deb {
  const { probe, publication } = published
  const { unameRelease } = publication.provenance
  const { name, version, ofDriver, ofKernel, driverVersion } = names
  const file = `${probe.driverName}.ko`
  return deb(published, contents, {
    fields: {
      Package: name,
      Version: version,
      Depends: 'kmod',
      Provides: `${ofDriver} (= ${driverVersion}), ${ofKernel}`,
      // One driver version at a time for each kernel: their modules are of one name.
      Conflicts: ofKernel,
      Replaces: ofKernel,
      Description: `Falco's kernel module for Linux ${unameRelease}\n Driver ${probe.driverVersion}, built for exactly this kernel by a probe registry.`,
    },
    scripts: scriptsOf(unameRelease),
    files: [
      { path: `lib/modules/${unameRelease}/extra/${file}`, body: contents.module },
      { path: `${docs(name)}/${file}.asc`, body: contents.signature },
      { path: `${docs(name)}/statement`, body: Buffer.from(contents.statement) },
    ],
  })
}

function flavourPackage(
  published: Published,
  contents: Contents,
  { name: module, version, flavour }: PackageNames,
): Deb {
  const { name, version: ownVersion } = flavour!
  return deb(published, contents, {
    fields: {
      Package: name,
      Version: ownVersion,
      Depends: `${module} (= ${version})`,
      Description: `Falco's kernel module for the newest kernel of this flavour\n Depends on the package of that one kernel, and is upgraded as the kernel is.`,
    },
    scripts: [],
    files: [],
  })
}

interface Parts {
  readonly fields: Fields
  readonly scripts: readonly DebFile[]
  readonly files: readonly DebFile[]
}

function deb({ key, probe, publication }: Published, { licence }: Contents, parts: Parts): Deb {
  const { Package: name, Version: version, Description, ...more } = parts.fields as Record<string, string>
  const data = [...parts.files, { path: `${docs(name!)}/copyright`, body: Buffer.from(licence) }]
  const arch = DPKG_ARCH[probe.arch]
  const fields = {
    Package: name!,
    Version: version!,
    Architecture: arch,
    Maintainer: MAINTAINER,
    'Installed-Size': String(kibibytes(data)),
    ...more,
    Section: 'kernel',
    Priority: 'optional',
    Description: Description!,
  }
  const control = [
    { path: 'control', body: Buffer.from(printed(fields)) },
    { path: 'md5sums', body: Buffer.from(md5sums(data)) },
    ...parts.scripts,
  ]
  const body = packDeb({ control, data, time: Math.floor(publication.publishedAt / 1000) })
  const digest = sha256(body)
  const path = packagePath(key, digest, `${name}_${version}_${arch}.deb`)
  const listed = { ...fields, Filename: path, Size: String(body.length), SHA256: digest }
  return { path, body, stanza: printed(listed) }
}

const docs = (name: string): string => `usr/share/doc/${name}`

const printed = (fields: Fields): string =>
  Object.entries(fields)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('')

/** As dpkg counts: each file in whole kibibytes. */
const kibibytes = (files: readonly DebFile[]): number =>
  files.reduce((sum, { body }) => sum + Math.ceil(body.length / 1024), 0)

/** dpkg's own digests, for who looks for files that changed. */
const md5sums = (files: readonly DebFile[]): string =>
  files.map(({ path, body }) => `${createHash('md5').update(body).digest('hex')}  ${path}\n`).join('')

/**
 * modprobe finds a module by what depmod wrote. Where the kernel is not there, or not there any more, nobody needs it: a
 * kernel that is installed later has depmod run by its own package.
 */
const scriptsOf = (unameRelease: string): DebFile[] =>
  (
    [
      ['postinst', 'configure'],
      ['postrm', 'remove'],
    ] as const
  ).map(([path, when]) => ({
    path,
    body: Buffer.from(`#!/bin/sh
set -e
if [ "$1" = ${when} ] && [ -d /lib/modules/${unameRelease}/kernel ]; then
  depmod ${unameRelease}
fi
`),
    executable: true,
  }))
