// Whether bytes are an archive, whole from its first to its last, and of what it should be: before they are trusted for good.

import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import xz from 'xz-decompress'
import { ProbeError } from '../model/errors.ts'
import { type TarHead, tarHeads } from './tar-stream.ts'

export interface Wanted {
  readonly format: 'tar.gz' | 'tar.xz'
  /** of what it unpacks to */
  readonly maxBytes: number
  readonly maxEntries: number
  /** in words: what must be in it -> the entry that is it */
  readonly entries: Readonly<Record<string, (entry: TarHead) => boolean>>
}

/**
 * Throws ProbeError `mirror-unreachable` for whatever else a server may have answered with, an error page, half a file or
 * another archive: asked again later it may have the right one. A stream: of an archive of any size little is held.
 */
export async function checkWhole(body: Uint8Array, url: string, wanted: Wanted): Promise<void> {
  const missing = new Map(Object.entries(wanted.entries))
  try {
    for await (const entry of tarHeads(plain(body, wanted.format), wanted))
      for (const [what, isIt] of missing) if (isIt(entry)) missing.delete(what)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw refused(url, `is no whole ${wanted.format} archive: ${why}`, cause)
  }
  const [lacks] = missing.keys()
  if (lacks !== undefined) throw refused(url, `holds no ${lacks}`)
}

const refused = (url: string, why: string, cause?: unknown): ProbeError =>
  new ProbeError('mirror-unreachable', `what ${url} answers ${why}. Its digest is not recorded`, { cause })

function plain(body: Uint8Array, format: Wanted['format']): AsyncIterable<Uint8Array> {
  if (body.length === 0) throw new Error('it is empty')
  const whole = body as Uint8Array<ArrayBuffer>
  return format === 'tar.xz'
    ? (new xz.XzReadableStream(new Blob([whole]).stream()) as AsyncIterable<Uint8Array>)
    : Readable.from([body]).pipe(createGunzip({ chunkSize: 256 * 1024 }))
}
