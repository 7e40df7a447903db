// Real signed files of real distributions, and what independent tools said of them: test/vectors/archives.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Certificate, readCertificates } from '../../lib/formats/openpgp/certificates.ts'

const FOLDER = join(import.meta.dirname, '../vectors/archives')

export const vector = (path: string): Uint8Array => readFileSync(join(FOLDER, path))
export const vectorPath = (path: string): string => join(FOLDER, path)
export const certificatesOf = (name: string): Certificate[] => readCertificates(vector(`keys/${name}.asc`))

const table = (name: string): string[][] =>
  readFileSync(join(FOLDER, name), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))

interface Vector {
  readonly file: string
  /** the key file and the fingerprint of the key that signed; `undefined`: nobody whose key is known */
  readonly by: { readonly keys: string; readonly fingerprint: string } | undefined
}

/** Those whose path begins so. */
export const vectors = (under: string): readonly Vector[] =>
  table('index.tsv')
    .map(([file = '', , , signer = '']) => ({ file, by: signerIn(signer) }))
    .filter(({ file }) => file.startsWith(under))

function signerIn(text: string): Vector['by'] {
  // Of the oldest package only its header is here, and its one signature is over header and payload.
  const [, keys, fingerprint] = /^([a-z0-9.-]+) ([0-9A-F]{40})(?! \(legacy)/.exec(text) ?? []
  return keys === undefined || fingerprint === undefined ? undefined : { keys, fingerprint }
}

/** Each key file, and the fingerprints of the primary keys in it that are of a version that is known here. */
export const keyFiles = (): readonly { readonly file: string; readonly fingerprints: readonly string[] }[] =>
  table('keys.tsv').map(([file = '', primaries = '']) => ({
    file,
    fingerprints: [...primaries.matchAll(/\b[0-9A-F]{40}\b/g)].map(([found]) => found),
  }))
