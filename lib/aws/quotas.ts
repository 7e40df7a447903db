// Reads an account's quotas for a service from AWS's Service Quotas.

import * as z from 'zod'
import { parseOwn } from '../model/parse.ts'
import type { Call } from './json-api.ts'

export interface Quota {
  /** e.g. `L-B99A9384` */
  readonly code: string
  /** e.g. `Concurrent executions` */
  readonly name: string
  /** quota of this account in this region */
  readonly value: number
  /** default quota of accounts; `undefined`: unknown */
  readonly standard: number | undefined
  /** true if AWS can raise it on request */
  readonly adjustable: boolean
}

export interface Quotas {
  /** Empty if the region does not have the service. Rejects with AWS's own error, like `Call`. */
  of(service: string): Promise<readonly Quota[]>
}

const found = z.object({
  QuotaCode: z.string(),
  QuotaName: z.string(),
  Value: z.number(),
  Adjustable: z.boolean().optional(),
})
const page = z.object({ Quotas: z.array(found).optional(), NextToken: z.string().nullish() })
type Found = z.infer<typeof found>

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
      const standards = new Map(standard.map(({ QuotaCode, Value }) => [QuotaCode, Value]))
      const all = new Map([...standard, ...own].map((quota) => [quota.QuotaCode, quota]))
      return [...all.values()].map(({ QuotaCode: code, QuotaName: name, Value: value, Adjustable }) => ({
        ...{ code, name, value, adjustable: Adjustable === true, standard: standards.get(code) },
      }))
    },
  }
}

async function listed(call: Call, operation: string, ServiceCode: string): Promise<Found[]> {
  const quotas: Found[] = []
  let NextToken: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const answer = await pageOf(call, operation, { ServiceCode, MaxResults: 100, NextToken })
    quotas.push(...(answer.Quotas ?? []))
    if (!answer.NextToken) return quotas
    NextToken = answer.NextToken
  }
  throw new Error(`${operation} of ${ServiceCode} does not end: it has more than ${MAX_PAGES} pages`)
}

async function pageOf(call: Call, operation: string, input: object): Promise<z.infer<typeof page>> {
  try {
    return parseOwn(page, await call(operation, input), operation, 'AWS has never answered so')
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchResourceException') return {}
    throw error
  }
}
