// Parses items of tables, and refuses corrupt ones.

import * as z from 'zod'
import { driverCatalogueSchema } from '../model/drivers.ts'
import { imageObjectSchema, taggedSchema } from '../model/image.ts'
import { parseOwn } from '../model/parse.ts'
import { pointerSchema } from '../model/pointer.ts'
import { claimSchema, sourceSchema, stateSchema } from '../model/probe.ts'
import type { Item } from './attributes.ts'

const HINT = 'did something else than the registry write the table?'

/**
 * In the tables, the id of a claim has the name `claim`, because `id` is the item's key.
 * A reader: @throws {ProbeError} `misconfigured`: the item is corrupt; the message contains its key.
 */
const reader =
  <T>(schema: z.ZodType<T>) =>
  (key: string, item: Item): T =>
    parseOwn(schema, { ...item, id: item.claim }, `the item of ${key}`, HINT)

export const stateOf = reader(stateSchema)
export const claimOf = reader(claimSchema)
/** The id of the claim, in any state. */
export const claimIdOf = reader(z.object({ claim: z.string() }))
export const catalogueOf = reader(driverCatalogueSchema)
export const sourceOf = reader(sourceSchema)
export const pointerOf = reader(pointerSchema)
export const imageObjectOf = reader(imageObjectSchema)
export const taggedOf = reader(taggedSchema)
export const idsOf = reader(z.object({ ids: z.set(z.string()) }))
export const listOf = reader(z.object({ newest: z.number() }))
