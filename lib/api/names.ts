// Explains a URL or path in any layout.

import * as z from 'zod'
import { type Explanation, explain } from '../clients/explain.ts'
import { parseFields } from './fields.ts'
import type { Query } from './probes.ts'

export const namesQuery = z.strictObject({
  url: z
    .string()
    .min(1)
    .max(4096)
    .describe('URL or path of a probe, percent-encoded')
    .meta({ examples: ['/driver/11.0.0+driver/x86_64/falco_rhel_4.18.0-553.el8_10.x86_64_1.ko'] }),
})

/** @throws {ProbeError} `bad-field`. */
export const names = (query: Query): Explanation => explain(parseFields(namesQuery, query).url)
