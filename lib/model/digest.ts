// SHA-256 digests, and objects identified by them.

import { createHash } from 'node:crypto'
import * as z from 'zod'

const SHA256 = /^[0-9a-f]{64}$/

/** 64 lower-case hex digits. */
export const sha256Hex = z.string().regex(SHA256)
export const isSha256 = (text: string): boolean => SHA256.test(text)

/** Digest and size of an object or a probe. */
export const storedSchema = z.object({ sha256: sha256Hex, bytes: z.number().int().nonnegative() })
export type Stored = z.infer<typeof storedSchema>

/** Digest and size of an output that a build reports. An output is never empty. */
export const madeSchema = storedSchema.extend({ bytes: z.number().int().positive() })

/** Lower-case hex. Text is encoded as UTF-8 first. */
export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')
