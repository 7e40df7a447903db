// Reads numbers and bytes of OpenPGP packets from front to back, and never beyond the end.

import { ProbeError } from '../../model/errors.ts'

export type Reader = ReturnType<typeof readerOf>

/** Every method: @throws {ProbeError} `signature-invalid`: the bytes end too soon. */
export function readerOf(body: Uint8Array) {
  let at = 0
  const bytes = (length: number): Uint8Array => {
    if (length > body.length - at) throw cutOff()
    at += length
    return body.subarray(at - length, at)
  }
  const number = (length: number): number => bytes(length).reduce((sum, byte) => sum * 256 + byte, 0)
  return {
    /** how many bytes are left */
    left: () => body.length - at,
    u8: () => number(1),
    u16: () => number(2),
    u32: () => number(4),
    bytes,
    rest: () => bytes(body.length - at),
    /** a multiprecision integer (RFC 9580, section 3.2), without leading zeros */
    mpi: () => withoutZeros(bytes(Math.ceil(number(2) / 8))),
  }
}

const withoutZeros = (bytes: Uint8Array): Uint8Array => {
  const first = bytes.findIndex((byte) => byte !== 0)
  return bytes.subarray(first < 0 ? bytes.length : first)
}

const cutOff = (): ProbeError => new ProbeError('signature-invalid', 'an OpenPGP packet is cut off')
