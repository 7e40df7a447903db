// What the operator of this machine's stack may do beside its functions: tend the digests of sources, and nothing else.

import { rmSync } from 'node:fs'
import { parsePolicy } from './iam/policy.ts'
import { createPrincipal } from './iam/roles.ts'
import type { Template } from './template/template.ts'
import { writeJson } from './wire/files.ts'
import { ACCOUNT, type Principal, REGION } from './wire/types.ts'

export interface Operator {
  readonly principal: Principal
  close(): void
}

/** The template's output that names the table; a template without it has no operator. */
const TABLE_OUTPUT = 'SourcesTable'
const ACTIONS = ['DeleteItem', 'PutItem', 'Scan'].map((verb) => `dynamodb:${verb}`)

/**
 * Leaves in `file`, which only this user can read, where and with which credentials of this start. A crash leaves the
 * file with credentials that open nothing: the next start replaces it.
 */
export function createOperator(template: Template, file: string, endpoint: string): Operator | undefined {
  const table = template.outputs[TABLE_OUTPUT]
  if (table === undefined) return undefined
  const Resource = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${table}`
  const Statement = [{ Effect: 'Allow', Action: ACTIONS, Resource }]
  const principal = createPrincipal(
    { name: 'Operator', arn: `arn:aws:iam::${ACCOUNT}:user/operator` },
    parsePolicy({ Statement }, 'operator', 'identity'),
  )
  const { accessKeyId, secretAccessKey, sessionToken } = principal
  const credentials = { accessKeyId, secretAccessKey, sessionToken }
  writeJson(file, { endpoint, region: REGION, table, credentials })
  return { principal, close: () => rmSync(file, { force: true }) }
}
