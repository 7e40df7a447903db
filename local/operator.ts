// Creates the operator's credentials for this machine's stack. The operator may only: change the digests of sources, withdraw
// probes, trigger the writing of package lists, read both tables completely for a backup, and send failed events again.
import { rmSync } from 'node:fs'
import { parsePolicy } from './iam/policy.ts'
import { createPrincipal } from './iam/roles.ts'
import type { Resource, Template } from './template/template.ts'
import { writeJson } from './wire/files.ts'
import { string } from './wire/json.ts'
import { ACCOUNT, REGION } from './wire/types.ts'

/** The operator's permissions by table. `output`: the template's output with the table's name. */
const TABLES = {
  Sources: { output: 'SourcesTable', verbs: ['DeleteItem', 'DescribeTable', 'PutItem', 'Scan'] },
  Probes: { output: 'ProbesTable', verbs: ['DescribeTable', 'Scan', 'UpdateItem'] },
} as const

/** The queue of failed events: `output` is the template's output with its URL, `verbs` are the operator's permissions. */
const QUEUE = {
  output: 'FailedEventsQueue',
  verbs: ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'],
} as const

/** The template's output with the name of the bus, on which the operator reports withdrawn probes. */
const BUS = 'EventBusName'

/** Buckets that a backup contains, by logical id. It reads their files directly, with the permissions of the data folder. */
const BUCKETS = { Artifacts: /^Artifacts[0-9A-F]{8}$/, Inputs: /^Inputs[0-9A-F]{8}$/ } as const

/**
 * Writes the endpoint, the names and the credentials of this start into `file`, which only this user can read. After a crash the
 * file contains credentials that are no longer valid; the next start replaces it. Returns `undefined` if the template has no such
 * tables.
 */
export function createOperator(template: Template, file: string, endpoint: string) {
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

/** Permissions for the queue, and for the functions whose failed events it contains. */
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
