// What a registry of images has, as small items: what each digest leads to, and what each tag names now.

import * as z from 'zod'
import type { Read } from './parse.ts'

/** `sha256:` and 64 hex digits: of other algorithms there is nothing here. */
const DIGEST = /^sha256:[0-9a-f]{64}$/
export const isDigest = (text: string): boolean => DIGEST.test(text)
const digest = z.string().regex(DIGEST)

export const imageObjectSchema = z.object({
  mediaType: z.string(),
  bytes: z.int().nonnegative(),
  /** its key in the artifacts bucket: of a probe and its signature, the one that they were published under */
  object: z.string(),
  /** keys of the probes that it is of: it is served while one of them is, and an index while all of them are */
  of: z.set(z.string()).transform((keys) => [...keys].sort()),
  /** digest of the manifest that signs it */
  signature: digest.optional(),
})
export type ImageObject = Read<typeof imageObjectSchema>

export const taggedSchema = z.object({
  /** counts its changes, from 1 */
  number: z.int().positive(),
  /** of an index; absent: what it named was taken back */
  digest: digest.optional(),
  /** keys of the probes that are in it, or were in it last */
  of: z.array(z.string()),
})
export type Tagged = Read<typeof taggedSchema>
