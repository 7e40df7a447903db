// Fetches a pacman package, verifies its signature and its identity, and stores it.

import type { ListedPacman } from '../../archives/pacman/database.ts'
import { fetchSignature } from '../../archives/trust.ts'
import { readSignatures } from '../../formats/openpgp/signature.ts'
import { check } from '../../formats/openpgp/verify.ts'
import { type PacmanPackage, readPacmanPackage } from '../../formats/pacman.ts'
import { keepInput } from '../../inputs/inputs.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import type { KernelImage, Package, PackageFormat } from '../../model/probe.ts'
import { headersNotFound } from '../refusals.ts'
import { packageBytes, refused, type SignedPorts, verified } from '../signed-package.ts'

/** A package as a list describes it, or as an archive names its file. */
export type WantedPacman = Pick<ListedPacman, 'name' | 'version' | 'arch' | 'url' | 'signature'> &
  Partial<Pick<ListedPacman, 'bytes' | 'sha256'>>

export interface Brought {
  readonly pkg: Package
  readonly content: PacmanPackage
  /** all facts about the package that were found: with them, it can be read again without the network */
  readonly listed: ListedPacman
}

/** Selects the files that are read, and ends the reading when they are `enough`. */
export interface Reading {
  readonly wants: (path: string) => boolean
  readonly enough: (files: ReadonlyMap<string, Uint8Array>) => boolean
}
const NOTHING: Reading = { wants: () => false, enough: () => true }

/**
 * Fetches a package, or reads its stored copy. Verifies its own signature each time, and trusts neither list
 * nor copy.
 * @throws {ProbeError} `signature-invalid`, `digest-mismatch`, `mirror-unreachable`, `not-found`,
 * `too-large`.
 */
export async function bringPacman(
  ports: SignedPorts,
  wanted: WantedPacman,
  { wants, enough }: Reading = NOTHING,
): Promise<Brought> {
  const { name, version, arch, url } = wanted
  const body = await packageBytes(ports, wanted)
  const signature = await signatureOf(ports, wanted)
  checkDigest(wanted, body)
  checkSigned(ports, wanted, body, signature)
  const content = await readPacmanPackage(body, wants, enough)
  const { identity } = content
  if (identity.name !== name || identity.version !== version || identity.arch !== arch)
    throw refused(wanted, `it is ${identity.name} ${identity.version} ${identity.arch}, signed`)
  const known = { name, version, url, sha256: await keepInput(ports.inputs, body), bytes: body.length }
  return {
    pkg: { ...known, format: formatOf(url) },
    content,
    listed: { ...known, arch, signature: Buffer.from(signature).toString('base64') },
  }
}

/** From the list, or from the file next to the package. */
const signatureOf = async ({ fetch }: SignedPorts, { url, signature }: WantedPacman): Promise<Uint8Array> =>
  signature === undefined ? fetchSignature(fetch, url, `${url}.sig`) : Buffer.from(signature, 'base64')

/** Not for trust: distinguishes a truncated file, or a mirror during an update, from a forged file. */
function checkDigest({ url, sha256: listed }: WantedPacman, body: Uint8Array): void {
  const found = sha256(body)
  if (listed === undefined || listed === found) return
  throw new ProbeError(
    'digest-mismatch',
    `${url} has sha256 ${found}, and its list says ${listed}: it was cut off, or the mirror is being updated`,
  )
}

function checkSigned(
  { certificates, now }: SignedPorts,
  wanted: WantedPacman,
  body: Uint8Array,
  signature: Uint8Array,
): void {
  const verification = verified(wanted, () =>
    check(readSignatures(signature), [body], { certificates, now: now() }),
  )
  if (verification.tag === 'refused')
    throw refused(wanted, `${verification.why}.${hint(verification.reason)}`)
}

/** Arch withdraws its trust from packagers who left, and from replaced keys, also for older packages. */
const hint = (reason: string): string =>
  reason === 'unknown-key'
    ? ' Its packager may have left Arch: name the key in arch.keys of the settings if you trust it'
    : ''

const FILE = /\/[^/]+-(?<arch>[a-z0-9_]+)\.pkg\.(?<format>tar\.(?:zst|xz|gz))$/

/**
 * The format of a package, by the file name that makepkg gives it.
 * @throws {ProbeError} `headers-not-found` if the format is not supported.
 */
function formatOf(url: string): PackageFormat {
  const format = FILE.exec(url)?.groups?.format
  if (format === 'tar.zst' || format === 'tar.xz' || format === 'tar.gz') return format
  throw headersNotFound(`${url} is a package in a format that is not supported`)
}

/** For a package that a plan has named. */
export const wantedOf = ({ name, version, url, sha256, bytes }: KernelImage): WantedPacman => ({
  ...{ name, version, url, sha256, bytes },
  arch: FILE.exec(url)?.groups?.arch ?? '',
})

/** Does not fetch the package: `bringPacman` verifies it before a load test boots it. */
export function imageOf({ name, version, url, sha256, bytes }: ListedPacman): Package {
  return { name, version, url, sha256, bytes, format: formatOf(url), signedFor: 'arch' }
}
