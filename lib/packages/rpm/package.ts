// Makes the rpm package of a probe, and that of a flavour, which requires the probe of each installed kernel.

import { unarmor } from '../../formats/openpgp/armor.ts'
import { packRpm, type RpmSpec } from '../../formats/rpm/pack.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { listObject } from '../../model/keys.ts'
import type { Signer } from '../../model/ports.ts'
import type { Probe } from '../../model/probe.ts'
import { quote } from '../../model/text.ts'
import type { Contents, Published } from '../contents.ts'
import { type ListedRpm, listedOf } from './lists.ts'
import type { RpmNames } from './names.ts'
import { flavourHref, packageHref, packageObject } from './paths.ts'
import type { ListedProbe } from './state.ts'

export interface Rpm {
  readonly object: string
  readonly body: Uint8Array
  /** the package's entry in the lists */
  readonly listed: ListedRpm
}

/** Deterministic: the same probe and key give the same package. @throws {ProbeError} `misconfigured`. */
export async function probePackage(
  signer: Signer,
  published: Published,
  contents: Contents,
  names: RpmNames,
): Promise<Rpm> {
  const { key } = published
  return packed(signer, specOf(published, contents, names), (digest, file) => ({
    object: packageObject(key, digest, file),
    href: packageHref(key, digest, file),
  }))
}

async function packed(
  signer: Signer,
  spec: RpmSpec,
  place: (sha256: string, file: string) => { readonly object: string; readonly href: string },
): Promise<Rpm> {
  // Signs with the date of the publication, so that the same header gets the same signature.
  const sign = async (header: Uint8Array): Promise<Uint8Array> =>
    unarmor(Buffer.from(await signer.sign(header, [], spec.at)), 'signature')[0]!
  const rpm = await packRpm(spec, sign)
  const { object, href } = place(
    sha256(rpm.body),
    `${spec.name}-${spec.version}-${spec.release}.${spec.arch}.rpm`,
  )
  return { object, body: rpm.body, listed: listedOf(spec, rpm, href) }
}

function specOf({ key, probe, publication }: Published, contents: Contents, names: RpmNames): RpmSpec {
  const { unameRelease } = publication.provenance
  // Scripts that run as root contain the release.
  if (!/^\d[A-Za-z0-9.+~_^-]*$/.test(unameRelease))
    throw new ProbeError('misconfigured', `${key} is of a kernel that calls itself ${quote(unameRelease)}`)
  const { name, version, release, ofDriver, ofKernel, driverVersion } = names
  const [modules, docs] = [`/lib/modules/${unameRelease}/extra`, `/usr/share/doc/${name}`]
  const file = `${probe.driverName}.ko`
  return {
    ...{ name, version, release, arch: probe.arch, license: LICENSE, at: publication.publishedAt },
    summary: `Falco's kernel module for Linux ${unameRelease}`,
    description: `Driver ${probe.driverVersion}, built for exactly this kernel by a probe registry.`,
    provides: [
      { name: ofDriver, version: { is: '=', of: driverVersion } },
      { name: ofKernel, version: { is: '=', of: driverVersion } },
    ],
    requires: [{ name: 'kmod', before: ['posttrans', 'postun'] }],
    // Each kernel has one driver version at a time, because their modules have the same name. rpm ignores self-conflicts.
    conflicts: [{ name: ofKernel }],
    scripts: scriptsOf(unameRelease),
    files: [
      { tag: 'folder', path: modules },
      { tag: 'file', path: `${modules}/${file}`, body: contents.module },
      { tag: 'folder', path: docs },
      { tag: 'file', path: `${docs}/${file}.asc`, body: contents.signature, kind: 'doc' },
      { tag: 'file', path: `${docs}/LICENSE`, body: Buffer.from(contents.licence), kind: 'license' },
      { tag: 'file', path: `${docs}/statement`, body: Buffer.from(contents.statement), kind: 'doc' },
    ],
  }
}

/** The module's licence, as an SPDX id. */
const LICENSE = 'GPL-2.0-only'

/**
 * Runs depmod, because modprobe finds modules by depmod's index. depmod runs after the complete transaction, since dnf may
 * unpack a module before its kernel. Without the kernel there is nothing to index: a kernel package that is installed later
 * runs depmod itself.
 */
function scriptsOf(unameRelease: string): { readonly posttrans: string; readonly postun: string } {
  const script = `if [ -d /lib/modules/${unameRelease}/kernel ]; then\n  /sbin/depmod ${unameRelease}\nfi\n`
  return { posttrans: script, postun: script }
}

export const flavouredOf = ({ arch }: Probe, { name, flavour }: RpmNames): ListedProbe['flavour'] =>
  flavour && { name: flavour.name, arch, want: `(${name} if ${flavour.condition})` }

interface FlavourFacts extends Pick<RpmSpec, 'name' | 'arch' | 'version'> {
  readonly wants: readonly string[]
  readonly revision: number
}

/**
 * Requires the probe of each installed kernel and no other, so a host that upgrades its kernel also gets the new kernel's probe.
 * If `wants` is empty, the package requires nothing, so a withdrawn probe blocks no upgrade. `version`: the driver's, so that
 * the package of a newer driver replaces it. `revision`: seconds since the epoch, higher each time.
 */
export const flavourPackage = (signer: Signer, { wants, revision, ...named }: FlavourFacts): Promise<Rpm> =>
  packed(
    signer,
    {
      ...{ ...named, release: String(revision), license: LICENSE },
      at: revision * 1000,
      summary: "Falco's kernel modules for the kernels of this flavour",
      description: 'Needs the package of each kernel that is installed, and so brings it with a new kernel.',
      provides: [],
      requires: wants.map((want) => ({ name: want })),
      files: [],
    },
    (digest, file) => ({ object: listObject('rpm', digest), href: flavourHref(digest, file) }),
  )
