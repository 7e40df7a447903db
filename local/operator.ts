// What the operator of this machine's stack may do beside its functions: tend the digests of sources, take probes back, have lists
// of packages written, read both tables whole for a backup, send failed events again, and nothing else.

import { rmSync } from 'node:fs'
import { parsePolicy } from './iam/policy.ts'
import { createPrincipal } from './iam/roles.ts'
import type { Resource, Template } from './template/template.ts'
import { writeJson } from './wire/files.ts'
import { string } from './wire/json.ts'
import { ACCOUNT, type Principal, REGION } from './wire/types.ts'

interface Operator {
  readonly principal: Principal
  close(): void
}

/** What the operator may do to which table: the template's output that names it, and its name in the file. */
const TABLES = {
  Sources: { output: 'SourcesTable', verbs: ['DeleteItem', 'DescribeTable', 'PutItem', 'Scan'] },
  Probes: { output: 'ProbesTable', verbs: ['DescribeTable', 'Scan', 'UpdateItem'] },
} as const

/** The queue of failed events: the template's output that names it, and what an operator may do to it. */
const QUEUE = {
  output: 'FailedEventsQueue',
  verbs: ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'],
} as const

/** The template's output that names the bus, on which an operator tells that a probe was taken back. */
const BUS = 'EventBusName'

/** The buckets of which a backup has objects, by their logical ids: whoever may read the folder may read their files. */
const BUCKETS = { Artifacts: /^Artifacts[0-9A-F]{8}$/, Inputs: /^Inputs[0-9A-F]{8}$/ } as const

/**
 * Leaves in `file`, which only this user can read, where and with which credentials of this start. A crash leaves the
 * file with credentials that open nothing: the next start replaces it. A template without such tables has no operator.
 */
export function createOperator(template: Template, file: string, endpoint: string): Operator | undefined {
  const tables = Object.entries(TABLES).flatMap(([name, { output, verbs }]) => {
    const table = template.outputs[output]
    return table === undefined ? [] : [{ name, table, verbs }]
  })
  if (tables.length === 0) return undefined
  const Statement = [
    ...tables.map(({ table, verbs }) => ({
      Effect: 'Allow',
      Action: verbs.map((verb) => `dynamodb:${verb}`),
      Resource: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${table}`,
    })),
    ...mayReplay(template),
    ...mayTell(template),
  ]
  const principal = createPrincipal(
    { name: 'Operator', arn: `arn:aws:iam::${ACCOUNT}:user/operator` },
    parsePolicy({ Statement }, 'operator', 'identity'),
  )
  const { accessKeyId, secretAccessKey, sessionToken } = principal
  const credentials = { accessKeyId, secretAccessKey, sessionToken }
  const names = Object.fromEntries(tables.map(({ name, table }) => [name, table]))
  const queues = queueOf(template) === undefined ? {} : { FailedEvents: template.outputs[QUEUE.output] }
  writeJson(file, {
    ...{ endpoint, region: REGION, tables: names, buckets: bucketsOf(template), queues },
    ...{ bus: template.outputs[BUS], credentials },
  })
  return { principal, close: () => rmSync(file, { force: true }) }
}

const queueOf = (template: Template): Resource | undefined =>
  template.ofType('AWS::SQS::Queue').find(({ ref }) => ref === template.outputs[QUEUE.output])

/** To the queue itself, and to the functions whose events end there. */
function mayReplay(template: Template) {
  const queue = queueOf(template)
  if (queue === undefined) return []
  const names = template.ofType('AWS::Lambda::EventInvokeConfig').map(({ properties, logicalId }) => {
    const name = string(properties.FunctionName, logicalId)
    const qualifier = string(properties.Qualifier ?? '$LATEST', logicalId)
    return qualifier === '$LATEST' ? name : `${name}:${qualifier}`
  })
  return [
    { Effect: 'Allow', Action: QUEUE.verbs.map((verb) => `sqs:${verb}`), Resource: queue.arn! },
    {
      Effect: 'Allow',
      Action: 'lambda:InvokeFunction',
      Resource: names.map((name) => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`),
    },
  ]
}

function mayTell(template: Template) {
  const bus = template.ofType('AWS::Events::EventBus').find(({ ref }) => ref === template.outputs[BUS])
  return bus === undefined ? [] : [{ Effect: 'Allow', Action: 'events:PutEvents', Resource: bus.arn! }]
}

const bucketsOf = (template: Template): Record<string, string> =>
  Object.fromEntries(
    Object.entries(BUCKETS).flatMap(([name, id]) =>
      template
        .ofType('AWS::S3::Bucket')
        .filter(({ logicalId }) => id.test(logicalId))
        .map((bucket) => [name, bucket.name]),
    ),
  )
