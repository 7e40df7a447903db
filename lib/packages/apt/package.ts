// Makes two Debian packages of a probe: the module for one kernel, and a flavour package that depends on the newest module.

import { createHash } from 'node:crypto'
import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import { type DebFile, packDeb } from '../../formats/deb-pack.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { quote } from '../../model/text.ts'
import type { Contents, Published } from '../contents.ts'
import { type DebNames, type FlavourNames, namesOf } from './names.ts'
import { packagePath } from './paths.ts'

export interface Deb {
  /** relative to the repository */
  readonly path: string
  readonly body: Uint8Array
  /** the package's entry in `Packages` */
  readonly stanza: string
}

/** Fields of a control file, in their order: deb-control(5). */
type Fields = Readonly<Record<string, string>>

/** The user id of the registry's key, as in functions/signing-key.ts. */
const MAINTAINER = 'Probe registry <probes@registry.invalid>'

/**
 * The module's package, and the flavour's if the flavour is known. Deterministic: the same probe gives the same packages.
 * @throws {ProbeError} `misconfigured`.
 */
export function debsOf(published: Published, contents: Contents): readonly Deb[] {
  const { unameRelease } = published.publication.provenance
  // Scripts that run as root contain the release.
  if (!/^\d[A-Za-z0-9.+~_-]*$/.test(unameRelease))
    throw new ProbeError(
      'misconfigured',
      `${published.key} is of a kernel that calls itself ${quote(unameRelease)}`,
    )
  const names = namesOf(published.probe, unameRelease)
  const parts = [
    moduleParts(published, contents, names),
    ...(names.flavour ? [flavourParts(names, names.flavour)] : []),
  ]
  return parts.map((one) => deb(published, contents, one))
}

interface Parts {
  readonly name: string
  readonly version: string
  /** Depends, Provides and the like */
  readonly relations: Fields
  readonly description: string
  readonly scripts: readonly DebFile[]
  readonly files: readonly DebFile[]
}

function moduleParts({ probe, publication }: Published, contents: Contents, names: DebNames): Parts {
  const { unameRelease } = publication.provenance
  const { name, version, ofDriver, ofKernel, driverVersion } = names
  const file = `${probe.driverName}.ko`
  return {
    ...{ name, version },
    relations: {
      Depends: 'kmod',
      Provides: `${ofDriver} (= ${driverVersion}), ${ofKernel}`,
      // Each kernel has one driver version at a time, because their modules have the same name.
      Conflicts: ofKernel,
      Replaces: ofKernel,
    },
    description: `Falco's kernel module for Linux ${unameRelease}\n Driver ${probe.driverVersion}, built for exactly this kernel by a probe registry.`,
    scripts: scriptsOf(unameRelease),
    files: [
      { path: `lib/modules/${unameRelease}/extra/${file}`, body: contents.module },
      { path: `${docs(name)}/${file}.asc`, body: contents.signature },
      { path: `${docs(name)}/statement`, body: Buffer.from(contents.statement) },
    ],
  }
}

const flavourParts = ({ name, version }: DebNames, flavour: FlavourNames): Parts => ({
  ...flavour,
  relations: { Depends: `${name} (= ${version})` },
  description: `Falco's kernel module for the newest kernel of this flavour\n Depends on the package of that one kernel, and is upgraded as the kernel is.`,
  ...{ scripts: [], files: [] },
})

function deb({ key, probe, publication }: Published, { licence }: Contents, parts: Parts): Deb {
  const { name, version, relations, description } = parts
  const data = [...parts.files, { path: `${docs(name)}/copyright`, body: Buffer.from(licence) }]
  const arch = DPKG_ARCH[probe.arch]
  const fields = {
    ...{ Package: name, Version: version, Architecture: arch, Maintainer: MAINTAINER },
    'Installed-Size': String(kibibytes(data)),
    ...relations,
    ...{ Section: 'kernel', Priority: 'optional', Description: description },
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

/** dpkg rounds the size of each file up to kibibytes. */
const kibibytes = (files: readonly DebFile[]): number =>
  files.reduce((sum, { body }) => sum + Math.ceil(body.length / 1024), 0)

/** dpkg compares installed files with these digests. */
const md5sums = (files: readonly DebFile[]): string =>
  files.map(({ path, body }) => `${createHash('md5').update(body).digest('hex')}  ${path}\n`).join('')

/**
 * Runs depmod, because modprobe finds modules by depmod's index. Without the kernel there is nothing to index: a kernel package
 * that is installed later runs depmod itself.
 */
const scriptsOf = (unameRelease: string): DebFile[] => [
  depmodScript('postinst', 'configure', unameRelease),
  depmodScript('postrm', 'remove', unameRelease),
]

const depmodScript = (path: string, when: string, unameRelease: string): DebFile => ({
  path,
  body: Buffer.from(`#!/bin/sh
set -e
if [ "$1" = ${when} ] && [ -d /lib/modules/${unameRelease}/kernel ]; then
  depmod ${unameRelease}
fi
`),
  executable: true,
})
