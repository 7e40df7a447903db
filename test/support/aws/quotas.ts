// Provides an account's quotas in the format of AWS Service Quotas, in pages of two.

import { QUOTAS } from '../../../lib/aws/json-api.ts'
import { AwsError } from '../../../local/wire/aws-json.ts'
import { type Input, type JsonService, jsonService } from './json-service.ts'

interface Known {
  readonly service: string
  readonly name: string
  /** the value of this account, if it was ever set */
  readonly value?: number
  /** the default of all other accounts */
  readonly standard: number
  readonly fixed?: true
}

/** An account with raised quotas: all that the default settings need. */
export const GROWN: readonly Known[] = [
  { service: 'lambda', name: 'Elastic network interfaces per VPC', standard: 500 },
  { service: 'lambda', name: 'Function and layer storage', standard: 75 },
  { service: 'lambda', name: 'Concurrent executions', value: 1000, standard: 1000 },
  { service: 'codebuild', name: 'Concurrently running builds for Linux/Small environment', standard: 1 },
  {
    ...{ service: 'codebuild', name: 'Concurrently running builds for Linux/Medium environment' },
    ...{ value: 20, standard: 1 },
  },
  {
    ...{ service: 'codebuild', name: 'Concurrently running builds for ARM/Medium environment' },
    ...{ value: 10, standard: 1 },
  },
  {
    ...{ service: 'codebuild', name: 'Concurrently running builds for ARM Lambda/10GB environment' },
    ...{ standard: 1 },
  },
  { service: 'apigateway', name: 'Throttle rate', standard: 10_000 },
  { service: 'apigateway', name: 'Throttle burst rate', standard: 5000, fixed: true },
]

/** `GROWN` with other values for this account; null: the region has no such quota. */
export const withValues = (values: Readonly<Record<string, number | null>>): readonly Known[] =>
  GROWN.flatMap((known) => {
    const value = values[known.name]
    if (value === null) return []
    return [value === undefined ? known : { ...known, value }]
  })

export const codeOf = ({ service, name }: Pick<Known, 'service' | 'name'>): string =>
  `L-${service.slice(0, 3).toUpperCase()}${name.length}`

export function quotasService(known: readonly Known[]): Promise<JsonService> {
  const listed = (which: readonly Known[], own: boolean) => (input: Input) => {
    const all = which.filter(({ service }) => service === input.ServiceCode)
    if (all.length === 0) throw new AwsError('NoSuchResourceException', 'no such service')
    const from = Number(input.NextToken ?? 0)
    const Quotas = all.slice(from, from + 2).map((one) => ({
      ...{ ServiceCode: one.service, QuotaCode: codeOf(one), QuotaName: one.name },
      ...{ Value: own ? one.value : one.standard, Adjustable: one.fixed !== true, Unit: 'None' },
    }))
    return from + 2 < all.length ? { Quotas, NextToken: String(from + 2) } : { Quotas }
  }
  const own = known.filter(({ value }) => value !== undefined)
  return jsonService(QUOTAS, {
    ListServiceQuotas: (input) =>
      own.some(({ service }) => service === input.ServiceCode) ? listed(own, true)(input) : { Quotas: [] },
    ListAWSDefaultServiceQuotas: listed(known, false),
  })
}

export const forbidden = (): Promise<JsonService> => {
  const refuse = () => {
    throw new AwsError('AccessDeniedException', 'User: arn:aws:iam::1:user/op is not authorized')
  }
  return jsonService(QUOTAS, { ListServiceQuotas: refuse, ListAWSDefaultServiceQuotas: refuse })
}
