// Defines the items of the image registry: one for each digest's object, and one for each tag.

import * as z from 'zod'
import type { Read } from './parse.ts'

/** The registry uses no other algorithm. */
const DIGEST = /^sha256:[0-9a-f]{64}$/
export const isDigest = (text: string): boolean => DIGEST.test(text)
const digest = z.string().regex(DIGEST)

export const imageObjectSchema = z.object({
  mediaType: z.string(),
  bytes: z.int().nonnegative(),
  /** key in the artifacts bucket; a probe and its signature keep the key that they were published under */
  object: z.string(),
  /** keys of its probes. An object is served while at least one of them is served; an index only while all of them are */
  of: z.set(z.string()).transform((keys) => [...keys].sort()),
  /** digest of the manifest that signs it */
  signature: digest.optional(),
})
export type ImageObject = Read<typeof imageObjectSchema>

export const taggedSchema = z.object({
  /** counts its changes, from 1 */
  number: z.int().positive(),
  /** digest of an index; absent: its probes were withdrawn */
  digest: digest.optional(),
  /** keys of the probes in the index; after a withdrawal, in the last index */
  of: z.array(z.string()),
})
export type Tagged = Read<typeof taggedSchema>
