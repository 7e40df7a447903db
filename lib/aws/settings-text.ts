// The operator's settings as text in the environment of a function: JSON that a reader of the template understands, and
// packed where that would not fit.

import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'

/** Bytes. A function has 4 KB of environment in all; a kilobyte is left to the names of resources.
 *  https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const SETTINGS_ROOM = 3072

/** The text of `own`, which may still be longer than SETTINGS_ROOM. */
export function settingsText(own: unknown): string {
  const json = JSON.stringify(own)
  return Buffer.byteLength(json) <= SETTINGS_ROOM ? json : brotliCompressSync(json).toString('base64')
}

/** The JSON that `text` stands for. A text that is neither is returned as it is, for the reader of JSON to refuse. */
export function settingsJson(text: string): string {
  if (text.startsWith('{')) return text
  try {
    return brotliDecompressSync(Buffer.from(text, 'base64')).toString()
  } catch {
    return text
  }
}
