// A suite's InRelease: what its archive signed about its package lists.

import { readCleartextMessage, readKeys, verify } from 'openpgp'
import { ProbeError } from '../../model/errors.ts'
import type { Clock, Fetch } from '../../model/ports.ts'
import type { Suite } from './suite.ts'

export interface IndexFile {
  readonly sha256: string
  readonly bytes: number
}

/** What was verified: the files below `dists/{suite}/`, by path. */
export interface Release {
  file(path: string): IndexFile | undefined
}

const MAX_IN_RELEASE = 2 * 1024 * 1024

export interface ReleasePorts {
  readonly fetch: Fetch
  readonly now: Clock
  /** armored public keys, one of which must have signed */
  readonly keyring: string
}

/** ProbeError `mirror-unreachable`, `not-found`, `signature-invalid`. */
export async function fetchRelease({ fetch, now, keyring }: ReleasePorts, suite: Suite): Promise<Release> {
  const url = `${suite.mirror}/dists/${suite.suite}/InRelease`
  const raw = await fetch(url, { maxBytes: MAX_IN_RELEASE })
  const text = await verifiedText(raw, keyring, new Date(now()), url)
  checkFields(text, suite, now(), url)
  const files = filesOf(text)
  return { file: (path) => files.get(path) }
}

/** Only the text that the signature covers: what stands around it in the file is never seen. */
async function verifiedText(raw: Uint8Array, keyring: string, date: Date, url: string): Promise<string> {
  try {
    const message = await readCleartextMessage({ cleartextMessage: new TextDecoder().decode(raw) })
    const verificationKeys = await readKeys({ armoredKeys: keyring })
    const { data, signatures } = await verify({ message, verificationKeys, date })
    await Promise.any(signatures.map(({ verified }) => verified))
    return data
  } catch (cause) {
    throw refused(url, 'no key of the keyring has signed it', cause)
  }
}

function checkFields(text: string, { suite, checkValidUntil = true }: Suite, now: number, url: string): void {
  const codename = fieldOf(text, 'Codename')
  // A signed list of another suite is still not the list that was asked for.
  if (codename !== suite) throw refused(url, `it is of ${codename ?? 'no suite'}, not of ${suite}`)
  const until = checkValidUntil ? fieldOf(text, 'Valid-Until') : undefined
  if (until !== undefined && !(Date.parse(until) > now))
    throw refused(url, `it was valid until ${until}: the mirror is stale`)
}

const fieldOf = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]?.trim()

/** Lines ` sha256 size path` of the section `SHA256:`. */
function filesOf(text: string): Map<string, IndexFile> {
  const section = /^SHA256:[ \t]*\r?\n((?:[ \t].*(?:\r?\n|$))*)/m.exec(text)?.[1] ?? ''
  const lines = section.matchAll(/^[ \t]+([0-9a-f]{64})[ \t]+(\d{1,12})[ \t]+(\S+)\r?$/gm)
  return new Map(
    [...lines].map(([, sha256 = '', bytes, path = '']) => [path, { sha256, bytes: Number(bytes) }]),
  )
}

const refused = (url: string, why: string, cause?: unknown): ProbeError =>
  new ProbeError('signature-invalid', `${url} is not believed: ${why}`, { cause })
