// Writes the operator's settings as text for a function's environment: JSON, compressed only if it would not fit.

import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'

/**
 * Bytes for the settings. A function's environment has 4 KB, of which one is for the names of resources.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const SETTINGS_ROOM = 3072

/** The text of `own`. It may be longer than SETTINGS_ROOM even after compression. */
export function settingsText(own: unknown): string {
  const json = JSON.stringify(own)
  return Buffer.byteLength(json) <= SETTINGS_ROOM ? json : brotliCompressSync(json).toString('base64')
}

/** The JSON in `text`. Any other text is returned unchanged, and the JSON parser refuses it. */
export function settingsJson(text: string): string {
  if (text.startsWith('{')) return text
  try {
    return brotliDecompressSync(Buffer.from(text, 'base64')).toString()
  } catch {
    return text
  }
}
