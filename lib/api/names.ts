// What a URL or path names, in whatever layout.

import * as z from 'zod'
import { type Explanation, explain } from '../clients/explain.ts'
import { parseFields } from './fields.ts'
import type { Query } from './probes.ts'

export const namesQuery = z.strictObject({
  url: z.string().min(1).max(4096).describe('URL or path of a probe, percent-encoded'),
})

/** ProbeError `bad-field`. */
export const names = (query: Query): Explanation => explain(parseFields(namesQuery, query).url)
