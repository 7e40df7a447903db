// From an item of a table to what it holds: what the registry did not write itself is refused.

import * as z from 'zod'
import { type DriverCatalogue, driverCatalogueSchema } from '../model/drivers.ts'
import { type ImageObject, imageObjectSchema, type Tagged, taggedSchema } from '../model/image.ts'
import { parseOwn } from '../model/parse.ts'
import { type Pointer, pointerSchema } from '../model/pointer.ts'
import {
  type Claim,
  claimSchema,
  type ProbeState,
  type Source,
  sourceSchema,
  stateSchema,
} from '../model/probe.ts'

type Item = Readonly<Record<string, unknown>>

/** @throws {ProbeError} `misconfigured` naming the key: somebody else has written to the table. */
const reader =
  <T>(schema: z.ZodType<T>) =>
  (key: string, item: Item): T =>
    parseOwn(schema, item, `the item of ${key}`, 'was the table written by hand?')

/** The table calls the id of a claim `claim`. */
const claimedReader =
  <T>(schema: z.ZodType<T>) =>
  (key: string, item: Item): T =>
    reader(schema)(key, { ...item, id: item.claim })

export const stateOf = claimedReader<ProbeState>(stateSchema)
export const claimOf = claimedReader<Claim>(claimSchema)
/** Of whichever state: the id of its claim. */
export const claimIdOf = reader(z.object({ claim: z.string() }))
export const catalogueOf = reader<DriverCatalogue>(driverCatalogueSchema)
export const sourceOf = reader<Source>(sourceSchema)
export const pointerOf = reader<Pointer>(pointerSchema)
export const imageObjectOf = reader<ImageObject>(imageObjectSchema)
export const taggedOf = reader<Tagged>(taggedSchema)
export const idsOf = reader(z.object({ ids: z.set(z.string()) }))
export const listOf = reader(z.object({ newest: z.number() }))
