// One small file out of a .deb: ar(5), with data.tar.xz inside (deb(5)).

import { ProbeError } from '../model/errors.ts'
import { tarEntries, text } from './tar.ts'
import { unxz } from './xz.ts'

const AR_MAGIC = '!<arch>\n'
const AR_HEADER = 60
/** Above the unpacked header package of one kernel, 15 MB. */
const MAX_UNPACKED = 128 * 1024 * 1024

/** The file at `path` (without the leading `./`); `undefined` when the package has none. ProbeError `digest-mismatch`, `too-large`. */
export async function fileInDeb(
  deb: Uint8Array,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  for (const { path: found, body } of tarEntries(await unxz(member(deb, 'data.tar.xz'), MAX_UNPACKED))) {
    if (found !== path) continue
    if (body.length <= maxBytes) return body
    throw new ProbeError('too-large', `${path} has ${body.length} bytes; ${maxBytes} are allowed`)
  }
  return undefined
}

function member(deb: Uint8Array, name: string): Uint8Array {
  if (text(deb, 0, AR_MAGIC.length) !== AR_MAGIC) throw broken('it is no ar archive')
  for (let at = AR_MAGIC.length; at + AR_HEADER <= deb.length; ) {
    const size = Number(text(deb, at + 48, 10))
    if (!Number.isSafeInteger(size) || size < 0) throw broken('a member has no proper size')
    const found = text(deb, at, 16).trim().replace(/\/$/, '')
    if (found === name) return deb.subarray(at + AR_HEADER, at + AR_HEADER + size)
    // Members begin at even offsets.
    at += AR_HEADER + size + (size % 2)
  }
  throw broken(`it holds no ${name}`)
}

const broken = (why: string): ProbeError => new ProbeError('digest-mismatch', `this is not a .deb: ${why}`)
