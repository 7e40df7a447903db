// Checks that bytes are a complete archive with the expected contents, before the registry records their digest for ever.

import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { type TarHead, tarHeads } from './tar-stream.ts'
import { unxzStream } from './xz.ts'
import { pieces } from './xz-container.ts'

export interface Wanted {
  readonly format: 'tar.gz' | 'tar.xz'
  /** limit of the unpacked archive */
  readonly maxBytes: number
  readonly maxEntries: number
  /** the entries that must be in it: a human-readable name -> a test that recognizes the entry */
  readonly entries: Readonly<Record<string, (entry: TarHead) => boolean>>
}

/** Passes the bytes to `read`, and may inspect them, e.g. verify a signature. Its ProbeErrors stay unchanged. */
type Way = <T>(
  bytes: AsyncIterable<Uint8Array>,
  read: (passing: AsyncIterable<Uint8Array>) => Promise<T>,
) => Promise<T>

/**
 * Reads the archive as a stream, so that an archive of any size needs little memory.
 * @throws {ProbeError} `mirror-unreachable`: the server answered with an error page, half a file or another archive. Later it
 * may answer with the right one.
 */
export async function checkWhole(body: Uint8Array, url: string, wanted: Wanted): Promise<void> {
  const lacks = await lackOf(body, url, wanted)
  if (lacks !== undefined) throw refused(url, `holds no ${lacks}`)
}

/**
 * Human-readable name of a wanted entry that is missing; `undefined`: none is missing.
 * @throws {ProbeError} `mirror-unreachable`: it is not a complete archive.
 */
export async function lackOf(
  body: Uint8Array,
  url: string,
  wanted: Wanted,
  way: Way = (bytes, read) => read(bytes),
): Promise<string | undefined> {
  const missing = new Map(Object.entries(wanted.entries))
  const look = async (bytes: AsyncIterable<Uint8Array>) => {
    for await (const entry of tarHeads(bytes, wanted))
      for (const [what, isIt] of missing) if (isIt(entry)) missing.delete(what)
  }
  try {
    await way(plain(body, wanted.format), look)
  } catch (cause) {
    if (isProbeError(cause)) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw refused(url, `is not a complete ${wanted.format} archive: ${why}`, cause)
  }
  const [lacks] = missing.keys()
  return lacks
}

const refused = (url: string, why: string, cause?: unknown): ProbeError =>
  new ProbeError('mirror-unreachable', `what ${url} answers ${why}. It is not used`, { cause })

function plain(body: Uint8Array, format: Wanted['format']): AsyncIterable<Uint8Array> {
  if (body.length === 0) throw new Error('it is empty')
  return format === 'tar.xz'
    ? unxzStream(pieces(body))
    : Readable.from([body]).pipe(createGunzip({ chunkSize: 256 * 1024 }))
}
