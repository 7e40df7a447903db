// From the bytes of /proc/config.gz, /boot/config-... or a form's field to text, within bounds.

import { unpacked } from '../formats/sent.ts'
import { ProbeError } from '../model/errors.ts'
import { badConfig, MAX_CONFIG_BYTES } from './parse.ts'

/**
 * Plain, gzip, xz or zstd; one character a byte, so that the parser sees each.
 * @throws {ProbeError} `body-too-large` over 4 MB of text or of bytes, `bad-config` for a packed file that is broken, has
 * several members or goes on after its end.
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
