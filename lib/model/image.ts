// Items of the image registry: the object of each digest, and the digest of each tag.

import * as z from 'zod'
import type { Read } from './parse.ts'

/** `sha256:` and 64 hex digits, the only algorithm here. */
const DIGEST = /^sha256:[0-9a-f]{64}$/
export const isDigest = (text: string): boolean => DIGEST.test(text)
const digest = z.string().regex(DIGEST)

export const imageObjectSchema = z.object({
  mediaType: z.string(),
  bytes: z.int().nonnegative(),
  /** key in the artifacts bucket; for a probe and its signature, their published key */
  object: z.string(),
  /** keys of its probes: it is served while one of them is, an index while all of them are */
  of: z.set(z.string()).transform((keys) => [...keys].sort()),
  /** digest of the manifest that signs it */
  signature: digest.optional(),
})
export type ImageObject = Read<typeof imageObjectSchema>

export const taggedSchema = z.object({
  /** counts its changes, from 1 */
  number: z.int().positive(),
  /** of an index; absent: its probes were withdrawn */
  digest: digest.optional(),
  /** keys of the probes in it, or of the last ones */
  of: z.array(z.string()),
})
export type Tagged = Read<typeof taggedSchema>
