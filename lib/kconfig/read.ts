// From the bytes of /proc/config.gz, /boot/config-... or a form's field to text, within bounds.

import { gunzipSync } from 'node:zlib'
import { ProbeError } from '../errors.ts'
import { badConfig, MAX_CONFIG_BYTES } from './parse.ts'

/**
 * Plain or gzip, told apart by the first two bytes; one character a byte, so that the parser sees each.
 * ProbeError `body-too-large` over 4 MB of text or of bytes, `bad-config` for a gzip file that is broken, has
 * several members or goes on after its end.
 */
export function readConfig(bytes: Uint8Array): { readonly text: string } {
  if (bytes.length > MAX_CONFIG_BYTES) throw tooLarge()
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes) : bytes
  return { text: Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('latin1') }
}

function gunzip(bytes: Uint8Array): Uint8Array {
  const text = gunzipped(bytes)
  // Node joins members and drops what follows them; the last four bytes of one whole file are its length (RFC 1952).
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true)
  if (length !== text.length)
    throw badConfig('its gzip file has more than one member, or goes on after its end')
  return text
}

function gunzipped(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_CONFIG_BYTES })
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge()
    throw badConfig('its gzip file is broken or cut off')
  }
}

const tooLarge = (): ProbeError =>
  new ProbeError(
    'body-too-large',
    `the config has more than ${MAX_CONFIG_BYTES} bytes; a whole one has 0.3 MB`,
  )
