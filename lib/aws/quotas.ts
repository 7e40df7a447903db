// Reads an account's quotas for a service from AWS's Service Quotas.

import * as z from 'zod'
import { unless } from '../model/errors.ts'
import { parseOwn, type Read } from '../model/parse.ts'
import { isNamed } from './conditional.ts'
import type { Call } from './json-api.ts'

export interface Quotas {
  /** Empty if the region does not have the service. Rejects with AWS's own error, like `Call`. */
  of(service: string): Promise<readonly Quota[]>
}

const found = z
  .object({
    /** e.g. `L-B99A9384` */
    QuotaCode: z.string(),
    /** e.g. `Concurrent executions` */
    QuotaName: z.string(),
    /** of this account in this region, or the default */
    Value: z.number(),
    /** AWS can raise it on request */
    Adjustable: z.boolean().default(false),
  })
  .transform((one) => ({
    ...{ code: one.QuotaCode, name: one.QuotaName, value: one.Value, adjustable: one.Adjustable },
  }))
type Found = Read<typeof found>
/** `standard`: default quota of accounts; `undefined`: unknown */
export type Quota = Found & { readonly standard: number | undefined }
const page = z.object({ Quotas: z.array(found).default([]), NextToken: z.string().nullish() })

/** Limit of pages with a hundred quotas each. The largest service has a few hundred quotas. */
const MAX_PAGES = 100

/**
 * Merges two lists, because the account's own list lacks quotas that were never changed; these have the default value.
 * https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
 */
export function createQuotas(call: Call): Quotas {
  return {
    async of(service) {
      const standard = await listed(call, 'ListAWSDefaultServiceQuotas', service)
      const own = await listed(call, 'ListServiceQuotas', service)
      const standards = new Map(standard.map(({ code, value }) => [code, value]))
      const all = new Map([...standard, ...own].map((quota) => [quota.code, quota]))
      return [...all.values()].map((quota) => ({ ...quota, standard: standards.get(quota.code) }))
    },
  }
}

async function listed(call: Call, operation: string, ServiceCode: string) {
  const quotas: Found[] = []
  let NextToken: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const input = { ServiceCode, MaxResults: 100, NextToken }
    const answer = (await unless(isNamed('NoSuchResourceException'), call(operation, input))) ?? {}
    const { Quotas, NextToken: next } = parseOwn(page, answer, operation, 'AWS has never answered so')
    quotas.push(...Quotas)
    if (!next) return quotas
    NextToken = next
  }
  throw new Error(`${operation} of ${ServiceCode} does not end: it has more than ${MAX_PAGES} pages`)
}
