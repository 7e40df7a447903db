// SHA-256 digests, and objects identified by them.

import { createHash } from 'node:crypto'
import * as z from 'zod'

const SHA256 = /^[0-9a-f]{64}$/

/** 64 lower-case hex digits. */
export const sha256Hex = z.string().regex(SHA256)
export const isSha256 = (text: string): boolean => SHA256.test(text)

/** An object of the inputs bucket. */
export const storedSchema = z.object({ sha256: sha256Hex, bytes: z.number().int().nonnegative() })
export type Stored = z.infer<typeof storedSchema>

/** An output that a build reports: never empty. */
export const madeSchema = storedSchema.extend({ bytes: z.number().int().positive() })

/** Lower-case hex; text counts as UTF-8. */
export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')
