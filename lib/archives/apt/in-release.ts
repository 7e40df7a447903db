// Verifies and reads a suite's InRelease, which has the digests of its Packages indexes.

import { type Certificate, readCertificates } from '../../formats/openpgp/certificates.ts'
import { readCleartext } from '../../formats/openpgp/cleartext.ts'
import { check } from '../../formats/openpgp/verify.ts'
import { sha256 } from '../../model/digest.ts'
import { isProbeError } from '../../model/errors.ts'
import { listKey } from '../../model/keys.ts'
import type { Clock, Fetch, ListDates, Log, Store } from '../../model/ports.ts'
import { printable } from '../../model/text.ts'
import { notBelieved } from '../trust.ts'
import type { Suite } from './suite.ts'

export interface IndexFile {
  readonly path: string
  readonly sha256: string
  readonly bytes: number
}

/** The files below `dists/{suite}/` that a verified InRelease lists, by path. */
export type Release = ReadonlyMap<string, IndexFile>

const MAX_IN_RELEASE = 2 * 1024 * 1024

export interface ReleasePorts {
  readonly fetch: Fetch
  readonly now: Clock
  readonly lists: ListDates
  /** stores the newest list of each suite */
  readonly inputs: Pick<Store, 'get' | 'create'>
  readonly log: Log
  /** armored public keys; one of them must have signed the list */
  readonly keyring: string
}

/** @throws {ProbeError} `mirror-unreachable`, `not-found`, `signature-invalid`. */
export async function fetchRelease(ports: ReleasePorts, suite: Suite): Promise<Release> {
  const { fetch, now, keyring } = ports
  const url = `${suite.mirror}/dists/${suite.suite}/InRelease`
  const raw = await fetch(url, { maxBytes: MAX_IN_RELEASE })
  const text = verifiedText(raw, keyring, now(), url)
  checkFields(text, suite, now(), url)
  return filesOf(await newestOf(ports, text, suite, url))
}

/** Cache of parsed keyrings, which never change. Parsing is slow: each key has dozens of signatures. */
const keyrings = new Map<string, readonly Certificate[]>()

function certificatesOf(keyring: string): readonly Certificate[] {
  const read = keyrings.get(keyring) ?? readCertificates(new TextEncoder().encode(keyring))
  keyrings.set(keyring, read)
  return read
}

/** Returns only the text that the signature covers, and ignores the rest of the file. */
function verifiedText(raw: Uint8Array, keyring: string, now: number, url: string): string {
  const { text, signed, signatures } = cleartextOf(raw, url)
  const believed = { certificates: certificatesOf(keyring), now, strict: true }
  const verification = check(signatures, [signed], believed)
  if (verification.tag === 'good') return text
  throw notBelieved(url, `no key of the keyring has signed it: ${verification.why}`)
}

function cleartextOf(raw: Uint8Array, url: string): ReturnType<typeof readCleartext> {
  try {
    return readCleartext(raw)
  } catch (cause) {
    if (!isProbeError(cause, 'signature-invalid')) throw cause
    throw notBelieved(url, `no key of the keyring has signed it: ${cause.message}`, cause)
  }
}

function checkFields(text: string, { suite, checkValidUntil = true }: Suite, now: number, url: string): void {
  const own = nameIn(text)
  // A mirror may serve the signed list of another suite. The list of `buster/updates` names only `buster`.
  if (own !== suite.replace(/\/updates$/, ''))
    throw notBelieved(url, `it is of ${own ?? 'no suite'}, not of ${suite}`)
  const until = checkValidUntil ? fieldOf(text, 'Valid-Until') : undefined
  if (until !== undefined && !(Date.parse(until) > now))
    throw notBelieved(url, `it was valid until ${until}: the mirror is stale`)
}

/**
 * The suite's name. Debian has `Codename: bookworm-updates` with `Suite: stable-updates`; Ubuntu has
 * `Codename: jammy` with `Suite: jammy-updates`.
 */
function nameIn(text: string): string | undefined {
  const codename = fieldOf(text, 'Codename')
  const suite = fieldOf(text, 'Suite')
  return codename !== undefined && suite?.startsWith(`${codename}-`) === true ? suite : codename
}

/** Milliseconds that a list's date may be in the future, because clocks differ. */
const MAX_AHEAD = 24 * 3_600_000
const DAY = 24 * 3_600_000

/**
 * Returns `text`, or a newer list of the suite that any mirror served before. Servers of a large mirror lag
 * behind for some minutes, and this must not fail a plan. The newest list is stored by the signed names of
 * archive and suite, and by keyring: otherwise another archive could sign the same names, and replace this
 * list or make it look old.
 */
async function newestOf(ports: ReleasePorts, text: string, asked: Suite, url: string): Promise<string> {
  const { lists, log, now, inputs, keyring } = ports
  const { mirror, suite, ofThePast = false } = asked
  const written = fieldOf(text, 'Date') ?? ''
  const date = Date.parse(written)
  if (Number.isNaN(date)) throw notBelieved(url, 'it has no date')
  if (date > now() + MAX_AHEAD)
    throw notBelieved(url, `its date is ${written}, which is in the future: is this machine's clock right?`)
  const ageDays = Math.max(0, Math.floor((now() - date) / DAY))
  log('list read', { mirror, suite, date: new Date(date).toISOString(), ageDays, ofThePast })
  if (ofThePast) return text
  const archive = ['Origin', 'Label'].map((name) => printable(fieldOf(text, name) ?? '', 100)).join('/')
  const list = `${archive}/${suite} by ${sha256(keyring).slice(0, 16)}`
  const newest = await lists.newest(list)
  if (newest !== undefined && date < newest) {
    log('mirror is behind', { mirror, suite, ageDays, newest: new Date(newest).toISOString() })
    const kept = await inputs.get(keptAt(list, newest), MAX_IN_RELEASE)
    if (kept === undefined)
      throw notBelieved(
        url,
        `it is of ${written}, ${ageDays} days old, and one of ${new Date(newest).toUTCString()} was read before: the mirror is behind, or replays an old list. Wait until it has caught up, or use another mirror; a snapshot says ofThePast in its settings`,
      )
    const before = new TextDecoder().decode(kept)
    checkFields(before, asked, now(), url)
    return before
  }
  if (date === newest) return text
  // Stores the list before its date. After a crash in between, the old date remains, and the next
  // reader of this list repeats both writes.
  const body = new TextEncoder().encode(text)
  await inputs.create(keptAt(list, date), body, { contentType: 'text/plain', sha256: sha256(body) })
  await lists.seen(list, date)
  return text
}

/** Name and date identify a list: an archive never signs two lists of a suite at the same time. */
const keptAt = (list: string, date: number): string => listKey(sha256(`the list of ${list} at ${date}`))

const fieldOf = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]?.trim()

/** Parses the lines ` sha256 size path` of the section `SHA256:`. */
function filesOf(text: string): Release {
  const section = /^SHA256:[ \t]*\r?\n((?:[ \t].*(?:\r?\n|$))*)/m.exec(text)?.[1] ?? ''
  const lines = section.matchAll(/^[ \t]+([0-9a-f]{64})[ \t]+(\d{1,12})[ \t]+(\S+)\r?$/gm)
  return new Map(
    lines.map(([, sha256 = '', bytes, path = '']) => [path, { path, sha256, bytes: Number(bytes) }]),
  )
}
