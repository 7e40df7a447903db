// Finds the registry that an operator's command works on: a running local one, or a deployed one.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DynamoDBClient, type DynamoDBClientConfig, paginateListTables } from '@aws-sdk/client-dynamodb'
import * as z from 'zod'
import { createBus } from '../lib/aws/bus.ts'
import { createDynamoDb, type DynamoDb } from '../lib/aws/dynamodb.ts'
import type { FailedEventsOptions } from '../lib/aws/failed-events.ts'
import { createInvoke } from '../lib/aws/invoke.ts'
import { type Api, type Call, createCall, DYNAMODB, EVENTS, QUEUES } from '../lib/aws/json-api.ts'
import { jsonOf, parseOwn } from '../lib/model/parse.ts'
import type { Bus } from '../lib/model/ports.ts'
import { UsageError } from './command-line.ts'

/** Part of a command's usage. `output`: the stack output that names the table */
export const whereText = (output: string): string => `WHERE is one of
  --data DIR      a running registry on this machine, by its data folder (default: .data)
  --stack NAME    a deployed stack, e.g. ProbeRegistry, with your AWS credentials and region
  --table NAME    a deployed stack, by its table: the stack's output ${output}`

/** Default data folder. */
export const DATA = '.data'

export const WHERE_OPTIONS = {
  data: { type: 'string' },
  stack: { type: 'string' },
  table: { type: 'string' },
} as const

export const queueText = `WHERE is one of
  --data DIR      a running registry on this machine, by its data folder (default: .data)
  --stack NAME    a deployed stack, e.g. ProbeRegistry, with your AWS credentials and region
  --queue URL     a deployed stack, by its queue: the stack's output FailedEventsQueue`

export const QUEUE_OPTIONS = {
  data: { type: 'string' },
  stack: { type: 'string' },
  queue: { type: 'string' },
} as const

interface Where {
  readonly data?: string | undefined
  readonly stack?: string | undefined
  readonly table?: string | undefined
}

/** A table of the stack: its name in the template, and the matching name in `operator.json`. */
type TableName = 'Sources' | 'Probes'

interface OperatorsTable {
  readonly client: DynamoDb
  readonly name: string
}

/**
 * Connection data that a running registry writes for users who may read its folder; see local/operator.ts.
 */
const operatorSchema = z.object({
  endpoint: z.string(),
  region: z.string(),
  tables: z.object({ Sources: z.string(), Probes: z.string() }),
  buckets: z.object({ Artifacts: z.string(), Inputs: z.string() }).optional(),
  queues: z.object({ FailedEvents: z.string() }).partial().optional(),
  bus: z.string().optional(),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() }),
})

/**
 * @throws {UsageError} if more than one place is named.
 * @throws {Error} with a readable message if no registry is there
 */
export async function tableIn({ data, stack, table }: Where, which: TableName): Promise<OperatorsTable> {
  if ([data, stack, table].filter((one) => one !== undefined).length > 1)
    throw new UsageError('--data, --stack and --table name three places: give one')
  const inCloud = process.env.AWS_ENDPOINT_URL_DYNAMODB
  if (table !== undefined) return open({}, inCloud, table)
  if (stack !== undefined) return open({}, inCloud, await tableOf(stack, which))
  const { tables, endpoint, region, credentials } = operatorOf(data ?? DATA)
  return open({ region, credentials }, endpoint, tables[which])
}

/**
 * The event bus has a name derived from its stack (cdk/events.ts). `bus`: its name, if only the table
 * identifies the registry.
 */
export const BUS_OPTIONS = { ...WHERE_OPTIONS, bus: { type: 'string' } } as const

/** Part of a command's usage, below `whereText`. */
export const BUS_TEXT =
  "  --bus NAME      with --table: its event bus, which is the stack's output EventBusName"

/**
 * The bus for events about changed packages. `undefined`: only the table is known, or the registry is older
 * than this event.
 * @throws {UsageError} if a bus is named together with a stack or a folder, which have their own
 */
export async function busIn({
  data,
  stack,
  table,
  bus,
}: Where & { readonly bus?: string | undefined }): Promise<Bus | undefined> {
  if (bus !== undefined && table === undefined) throw new UsageError('--bus goes with --table')
  const inCloud = process.env.AWS_ENDPOINT_URL_EVENTBRIDGE
  if (table !== undefined) return bus === undefined ? undefined : busOf({}, inCloud, bus)
  if (stack !== undefined) return busOf({}, inCloud, `${stack}-Bus`)
  const { endpoint, region, credentials, bus: own } = operatorOf(data ?? DATA)
  return own === undefined ? undefined : busOf({ region, credentials }, endpoint, own)
}

const busOf = async (config: Config, endpoint: string | undefined, name: string): Promise<Bus> =>
  createBus((await operatorsCall(EVENTS, endpoint, config)).call, name)

const open = async (config: Config, endpoint: string | undefined, name: string): Promise<OperatorsTable> => ({
  client: createDynamoDb((await operatorsCall(DYNAMODB, endpoint, config)).call),
  name,
})

type Config = Pick<DynamoDBClientConfig, 'region' | 'credentials' | 'profile'>

export async function operatorsCall(
  api: Api,
  endpoint: string | undefined,
  config: Config,
  tryMs?: number,
): Promise<{ readonly call: Call; readonly region: string }> {
  const options = await callOptions(config, endpoint)
  return {
    call: createCall(api, { ...options, ...(tryMs === undefined ? {} : { tryMs }) }),
    region: options.region,
  }
}

/** The SDK looks for credentials and the region in many places. */
async function callOptions(config: Config, endpoint: string | undefined) {
  const { credentials, region } = new DynamoDBClient(config).config
  return { endpoint, region: await region(), credentials, now: Date.now }
}

interface WhereQueue {
  readonly data?: string | undefined
  readonly stack?: string | undefined
  readonly queue?: string | undefined
}

/** @throws {UsageError} @throws {Error} as for `tableIn` */
export async function queueIn({ data, stack, queue }: WhereQueue): Promise<FailedEventsOptions> {
  if ([data, stack, queue].filter((one) => one !== undefined).length > 1)
    throw new UsageError('--data, --stack and --queue name three places: give one')
  if (queue === undefined && stack === undefined) {
    const { queues, endpoint, region, credentials } = operatorOf(data ?? DATA)
    if (queues?.FailedEvents === undefined)
      throw new Error('the registry of that folder is of an older version, which keeps no failed events')
    const options = await callOptions({ region, credentials }, endpoint)
    return failedEvents(createCall(QUEUES, options), queues.FailedEvents, options)
  }
  const options = await callOptions({}, process.env.AWS_ENDPOINT_URL_SQS)
  const call = createCall(QUEUES, options)
  const lambda = { ...options, endpoint: process.env.AWS_ENDPOINT_URL_LAMBDA }
  return failedEvents(call, queue ?? (await queueOf(call, stack!)), lambda)
}

const failedEvents = (
  call: Call,
  queueUrl: string,
  lambda: Parameters<typeof createInvoke>[0],
): FailedEventsOptions => ({ call, queueUrl, invoke: createInvoke(lambda) })

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html */
const queueList = z.object({ QueueUrls: z.array(z.string()).optional() })

async function queueOf(call: Call, stack: string): Promise<string> {
  const { QueueUrls = [] } = queueList.parse(
    await call('ListQueues', { QueueNamePrefix: `${stack}-FailedEvents` }),
  )
  const [found] = QueueUrls
  if (found !== undefined && QueueUrls.length === 1) return found
  throw new Error(
    `${QueueUrls.length} queues of a stack ${stack} are called FailedEvents: name one by --queue (the stack's output FailedEventsQueue)`,
  )
}

/** @throws {Error} with a readable message if no registry runs on that folder */
export function operatorOf(folder: string): z.infer<typeof operatorSchema> {
  const file = join(folder, 'operator.json')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(
      `no registry runs on ${folder} (${file} cannot be read): start it, or say where it is by --data, --stack or --table`,
      { cause },
    )
  }
  const hint = 'is that the folder of a registry?'
  return parseOwn(operatorSchema, jsonOf(text, file, hint), file, hint)
}

/**
 * Finds the table by the name that CloudFormation gives it: the stack of the data (`NAMEData`,
 * cdk/synthesize.ts), the table's name in the template, and a unique suffix.
 */
async function tableOf(stack: string, which: TableName): Promise<string> {
  const tables: string[] = []
  for await (const { TableNames = [] } of paginateListTables({ client: new DynamoDBClient() }, {}))
    tables.push(...TableNames.filter((name) => name.startsWith(`${stack}Data-${which}`)))
  const [found] = tables
  if (found !== undefined && tables.length === 1) return found
  throw new Error(
    `${tables.length} tables of a stack ${stack} are called ${which}: name one by --table (the stack's output ${which}Table)`,
  )
}

/** Replaces every character that a terminal could interpret. */
export const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')

/** A readable reason, without details of the many network errors. */
export function why(error: unknown): string {
  const { name, message, code } = error as Error & { code?: string }
  if (code === 'ECONNREFUSED') return 'the registry of that folder does not run any more: start it'
  if (name === 'CredentialsProviderError') return `no AWS credentials: ${message}`
  if (message === 'Region is missing') return 'no AWS region: set AWS_REGION'
  return message
}

/** Runs an operator's command and sets the exit status. An error is printed and sets status 2. */
export async function asOperator(command: string, usage: string, work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work()
  } catch (error) {
    const told = `probe-registry ${command}: ${printable(why(error))}\n`
    process.stderr.write(error instanceof UsageError ? `${told}${usage}` : told)
    process.exitCode = 2
  }
}
