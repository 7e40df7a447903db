// Reads the quotas of the operator's account, compares them with the settings, and prints the result.

import { QUOTAS } from '../../lib/aws/json-api.ts'
import { createQuotas } from '../../lib/aws/quotas.ts'
import { operatorsCall, printable, why } from '../operator.ts'
import { settingsIn } from '../settings.ts'
import { type Judged, judge, linesOf } from './judge.ts'
import { needsOf } from './needs.ts'

export interface Account {
  readonly region: string | undefined
  readonly profile: string | undefined
  /** JSON file of settings that override the defaults */
  readonly settingsFile: string | undefined
}

/**
 * Prints one or more lines for each quota.
 * @throws {UsageError} for invalid settings
 * @throws errors of AWS or the network
 */
export async function askQuotas(account: Account): Promise<readonly Judged[]> {
  const settings = settingsIn(account.settingsFile)
  const { call, region } = await operatorsCall(QUOTAS, process.env.AWS_ENDPOINT_URL_SERVICE_QUOTAS, {
    ...given('region', account.region || settings.cloud.deployment.region || regionAround()),
    ...given('profile', account.profile),
  })
  const judged = await judge(createQuotas(call), needsOf(settings))
  for (const one of judged) for (const line of linesOf(one, region)) console.log(printable(line))
  return judged
}

/** The CDK reads AWS_DEFAULT_REGION too; the AWS SDK does not. */
const regionAround = () => process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION

const given = (name: 'region' | 'profile', value: string | undefined) =>
  value === undefined || value === '' ? {} : { [name]: value }

/** A readable reason why the quotas could not be read, with the missing permission if AWS denied access. */
export function whyUnasked(error: unknown): string {
  const { name, message, code } = error as Error & { code?: string }
  if (name === 'AccessDeniedException')
    return `${message}. Let these credentials servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas`
  return code === undefined ? why(error) : `AWS's Service Quotas cannot be reached: ${message || code}`
}
