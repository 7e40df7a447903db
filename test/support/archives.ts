// Reads real signed files of real distributions, and the results of independent tools for them: test/vectors/archives.

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
  /** the key file and the fingerprint of the signing key; `undefined`: no known key */
  readonly by: { readonly keys: string; readonly fingerprint: string } | undefined
}

/** The files with this path prefix. */
export const vectors = (under: string): readonly Vector[] =>
  table('index.tsv')
    .map(([file = '', , , signer = '']) => ({ file, by: signerIn(signer) }))
    .filter(({ file }) => file.startsWith(under))

function signerIn(text: string): Vector['by'] {
  // The repository has only the header of the oldest package, and its one signature is over header and payload.
  const [, keys, fingerprint] = /^([a-z0-9.-]+) ([0-9A-F]{40})(?! \(legacy)/.exec(text) ?? []
  return keys === undefined || fingerprint === undefined ? undefined : { keys, fingerprint }
}

/** Each key file, and the fingerprints of its primary keys of a known version. */
export const keyFiles = (): readonly { readonly file: string; readonly fingerprints: readonly string[] }[] =>
  table('keys.tsv').map(([file = '', primaries = '']) => ({
    file,
    fingerprints: [...primaries.matchAll(/\b[0-9A-F]{40}\b/g)].map(([found]) => found),
  }))
