// Unpacks a kernel config from /proc/config.gz, /boot/config-... or a form's field, up to a limit.

import { unpacked } from '../formats/sent.ts'
import { ProbeError } from '../model/errors.ts'
import { badConfig, MAX_CONFIG_BYTES } from './parse.ts'

/**
 * Accepts plain text, gzip, xz and zstd. Each byte becomes one character, so that the parser sees every byte.
 * @throws {ProbeError} `body-too-large`: more than 4 MB, packed or unpacked. `bad-config`: a packed file is broken, or has several
 * members or data after its end.
 */
export async function readConfig(bytes: Uint8Array): Promise<{ readonly text: string }> {
  const plain = await unpacked(bytes, { maxBytes: MAX_CONFIG_BYTES, tooLarge, broken: badConfig })
  return { text: Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('latin1') }
}

const tooLarge = (): ProbeError =>
  new ProbeError(
    'body-too-large',
    `config: it has more than ${MAX_CONFIG_BYTES} bytes; a whole one has 0.3 MB`,
  )
