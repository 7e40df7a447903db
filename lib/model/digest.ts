// Digests of bytes, and objects known by theirs.

import { createHash } from 'node:crypto'
import * as z from 'zod'

/** 64 lower-case hex digits. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)

/** An object of the inputs bucket. */
export const storedSchema = z.object({ sha256: sha256Hex, bytes: z.number().int().nonnegative() })
export type Stored = z.infer<typeof storedSchema>

/** Lower-case hex; text counts as UTF-8. */
export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')
