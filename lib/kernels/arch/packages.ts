// A package itself: fetched, signed by its distribution, and the one that was asked for. Kept only then.

import type { ListedPacman } from '../../archives/pacman/database.ts'
import { unarmor } from '../../formats/openpgp/armor.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { signaturesOf } from '../../formats/openpgp/signature.ts'
import { check } from '../../formats/openpgp/verify.ts'
import { type PacmanPackage, readPacmanPackage } from '../../formats/pacman.ts'
import { keepInput } from '../../inputs/inputs.ts'
import { sha256 } from '../../model/digest.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import { inputKey } from '../../model/keys.ts'
import type { Clock, Fetch, Store } from '../../model/ports.ts'
import type { KernelImage, Package, PackageFormat } from '../../model/probe.ts'

export interface ArchPorts {
  readonly fetch: Fetch
  readonly inputs: Store
  readonly now: Clock
  /** whose signatures are believed */
  readonly certificates: readonly Certificate[]
}

/** What a list says of one, or an archive by the name of its file. */
export type WantedPacman = Pick<ListedPacman, 'name' | 'version' | 'arch' | 'url' | 'signature'> &
  Partial<Pick<ListedPacman, 'bytes' | 'sha256'>>

export interface Brought {
  readonly pkg: Package
  readonly content: PacmanPackage
  /** what is known of it now: enough to bring it again without a word from the network */
  readonly listed: ListedPacman
}

/** Above a kernel with all its modules, which has 150 MB. */
const MAX_PACKAGE = 512 * 1024 * 1024
const MAX_SIGNATURE = 16 * 1024

/** Which files of it are read, and when there are enough of them. */
export interface Reading {
  readonly wants: (path: string) => boolean
  readonly enough: (files: ReadonlyMap<string, Uint8Array>) => boolean
}
const NOTHING: Reading = { wants: () => false, enough: () => true }

/**
 * Whatever the list says and whoever kept it: its own signature is verified each time.
 * @throws {ProbeError} `signature-invalid`, `digest-mismatch`, `mirror-unreachable`, `not-found`, `too-large`.
 */
export async function bringPacman(
  ports: ArchPorts,
  wanted: WantedPacman,
  { wants, enough }: Reading = NOTHING,
): Promise<Brought> {
  const { inputs, fetch } = ports
  const { name, version, arch, url, bytes = MAX_PACKAGE } = wanted
  const kept =
    wanted.sha256 === undefined ? undefined : await inputs.get(inputKey(wanted.sha256), MAX_PACKAGE)
  const body = kept ?? (await fetch(url, { maxBytes: Math.min(bytes, MAX_PACKAGE) }))
  const signature = await signatureOf(ports, wanted)
  checkDigest(wanted, body)
  checkSigned(ports, wanted, body, signature)
  const content = await readPacmanPackage(body, wants, enough)
  const { identity } = content
  if (identity.name !== name || identity.version !== version || identity.arch !== arch)
    throw refused(wanted, `it is ${identity.name} ${identity.version} ${identity.arch}, signed`)
  const known = { name, version, url, sha256: await keepInput(inputs, body), bytes: body.length }
  return {
    pkg: { ...known, format: formatOf(url) },
    content,
    listed: { ...known, arch, signature: Buffer.from(signature).toString('base64') },
  }
}

/** Beside it, where the list does not hold it. */
async function signatureOf({ fetch }: ArchPorts, wanted: WantedPacman): Promise<Uint8Array> {
  if (wanted.signature !== undefined) return Buffer.from(wanted.signature, 'base64')
  return fetch(`${wanted.url}.sig`, { maxBytes: MAX_SIGNATURE }).catch((error: unknown) => {
    if (isProbeError(error, 'not-found')) throw refused(wanted, 'it has no signature beside it')
    throw error
  })
}

/** Nothing rests on it, but it tells half a file, or a mirror that is being updated, from one that somebody changed. */
function checkDigest({ url, sha256: listed }: WantedPacman, body: Uint8Array): void {
  const found = sha256(body)
  if (listed === undefined || listed === found) return
  throw new ProbeError(
    'digest-mismatch',
    `${url} has sha256 ${found}, and its list says ${listed}: it was cut off, or the mirror is being updated`,
  )
}

function checkSigned(
  { certificates, now }: ArchPorts,
  wanted: WantedPacman,
  body: Uint8Array,
  signature: Uint8Array,
): void {
  try {
    const signatures = unarmor(signature, 'signature').flatMap(signaturesOf)
    const verification = check(signatures, [body], { certificates, now: now() })
    if (verification.tag === 'refused')
      throw refused(wanted, `${verification.why}.${hint(verification.reason)}`)
  } catch (error) {
    throw isProbeError(error, 'signature-invalid') && !error.message.startsWith(wanted.url)
      ? refused(wanted, error.message)
      : error
  }
}

/** Arch withdraws its trust from packagers that left and from keys that were replaced, and with it from all that they signed. */
const hint = (reason: string): string =>
  reason === 'unknown-key'
    ? " Whoever packaged it may be none of Arch's packagers any more: name the key in arch.keys of the settings if you believe it"
    : ''

const refused = ({ url, name, version }: WantedPacman, why: string): ProbeError =>
  new ProbeError('signature-invalid', `${url} is not believed as ${name} ${version}: ${why}`)

const FILE = /\/[^/]+-(?<arch>[a-z0-9_]+)\.pkg\.(?<format>tar\.(?:zst|xz|gz))$/

/** Of a file name, as makepkg makes it. ProbeError `headers-not-found` for one that nothing here unpacks. */
function formatOf(url: string): PackageFormat {
  const format = FILE.exec(url)?.groups?.format
  if (format === 'tar.zst' || format === 'tar.xz' || format === 'tar.gz') return format
  throw new ProbeError('headers-not-found', `${url} is a package of a kind that nothing here unpacks`)
}

/** Of a package that a plan has named. */
export const wantedOf = ({ name, version, url, sha256, bytes }: KernelImage): WantedPacman => ({
  ...{ name, version, url, sha256, bytes },
  arch: FILE.exec(url)?.groups?.arch ?? '',
})

/** Not fetched yet: whoever boots it verifies it first. */
export function imageOf({ name, version, url, sha256, bytes }: ListedPacman): Package {
  return { name, version, url, sha256, bytes, format: formatOf(url), signedFor: 'arch' }
}
