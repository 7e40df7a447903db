// `probe-registry verify`: shows who signed a distribution's file, or why its signature is refused.

import { createReadStream, readFileSync } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { type Certificate, readCertificates } from '../../lib/formats/openpgp/certificates.ts'
import type { Believed, Good, Refused } from '../../lib/formats/openpgp/verify.ts'
import { judge, judgeDetached, type Signed } from '../../lib/formats/signed.ts'
import { unxzStream } from '../../lib/formats/xz.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { printable } from '../../lib/model/text.ts'
import { readLine, said, UsageError } from '../command-line.ts'

const USAGE = `Usage: probe-registry verify FILE [--signature FILE] --key FILE...
                                         show who signed FILE: an rpm, a text that contains its signature (InRelease,
                                         sha256sums.asc), or any file with a detached signature (repomd.xml.asc, .sig,
                                         .gpg; .tar.sign signs the unpacked archive)

Only the keys in the key files are trusted, and each signature is judged by its own time.
Exit status: 0 one of the keys signed it; 1 none did, with the reason; 2 the command line is wrong, or a file cannot be read.
`

const OPTIONS = {
  help: { type: 'boolean' },
  signature: { type: 'string' },
  key: { type: 'string', multiple: true },
} as const

const read = (args: readonly string[]) => readLine(args, OPTIONS)

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = read(args)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) throw new UsageError('name one FILE')
  if (values.key === undefined) throw new UsageError('name the keys that you trust: --key FILE')
  const believed = { certificates: values.key.flatMap(certificatesIn), now: Date.now() }
  const found = await judged(file, values.signature, believed)
  print(file, found)
  return found.tag === 'refused' ? 1 : 0
}

function certificatesIn(file: string): Certificate[] {
  try {
    const found = readCertificates(bytesOf(file))
    if (found.length === 0)
      process.stderr.write(`probe-registry verify: ${file} contains no key of a supported kind\n`)
    return found
  } catch (error) {
    if (isProbeError(error, 'signature-invalid'))
      throw new UsageError(`${file} is not a key file: ${error.message}`)
    throw error
  }
}

async function judged(
  file: string,
  signature: string | undefined,
  believed: Believed,
): Promise<Signed | Refused> {
  try {
    if (signature === undefined) return judge(bytesOf(file), believed)
    const signed = bytesOf(signature)
    const chunks = signature.endsWith('.tar.sign') ? unpackedChunks(file) : createReadStream(file)
    return await judgeDetached(chunks, signed, believed)
  } catch (error) {
    if (isProbeError(error, 'signature-invalid'))
      return { tag: 'refused', reason: 'unknown-kind', why: error.message }
    throw error
  }
}

/** kernel.org signs the decompressed archive. */
function unpackedChunks(file: string): AsyncIterable<Uint8Array> {
  const packed = createReadStream(file)
  if (file.endsWith('.xz')) return unxzStream(packed)
  return file.endsWith('.gz') ? packed.pipe(createGunzip()) : packed
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageError(said(error))
  }
}

function print(file: string, found: Signed | Refused): void {
  const lines =
    found.tag === 'refused' ? [`refused: ${file}: ${found.why}`] : [`good: ${file}`, ...about(found)]
  for (const line of lines) process.stdout.write(`${printable(line, 1000)}\n`)
}

const about = (found: Signed): string[] =>
  found.tag === 'signed' ? [...aboutRpm(found), ...aboutSigner(found.by)] : aboutSigner(found)

function aboutRpm({ identity, payload }: Extract<Signed, { tag: 'signed' }>): string[] {
  const { name, epoch, version, release, arch, isSource } = identity
  return [
    item(
      'package',
      `${name} ${epoch === 0 ? '' : `${epoch}:`}${version}-${release} ${isSource ? 'src' : arch}`,
    ),
    item(
      'payload',
      payload.length === 0
        ? 'not there: only the header was checked'
        : `${payload.length} bytes, those that were signed`,
    ),
  ]
}

function aboutSigner({ signer, made, how, ended }: Good): string[] {
  const { fingerprint, certificate, userId } = signer
  return [
    item('signed by', `${fingerprint}${userId === '' ? '' : ` (${userId})`}`),
    ...(fingerprint === certificate ? [] : [item('a subkey of', certificate)]),
    item('on', `${new Date(made * 1000).toISOString()}, ${how}`),
    ...(ended === undefined ? [] : [item(ended * 1000 < Date.now() ? 'key ended' : 'key ends', day(ended))]),
  ]
}

const item = (what: string, value: string): string => `  ${`${what}:`.padEnd(13)} ${value}`
const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const hint = error instanceof UsageError ? '\n`probe-registry verify --help` shows how to use it' : ''
  process.stderr.write(`probe-registry verify: ${said(error)}${hint}\n`)
  process.exitCode = 2
}
