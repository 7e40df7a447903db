import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  allow,
  route,
  rule,
  startedStack,
  TABLE,
  temporaryFolder,
  until,
  writeAssembly,
} from '../support/local/assembly.ts'

interface Killable {
  readonly url: string
  readonly pid: number
  kill(): Promise<void>
}

async function processWithStack(assembly: string, dataDir: string): Promise<Killable> {
  const child: ChildProcess = spawn(process.execPath, [
    join(import.meta.dirname, '../support/local/run-stack.ts'),
    assembly,
    dataDir,
  ])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { url: line.toString().trim(), pid: child.pid!, kill }
}

/** A zombie process has no command line. */
const isLive = (pid: string): boolean =>
  existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''

test('the builder of a killed stack ends', async () => {
  const folder = temporaryFolder()
  const assembly = await writeAssembly(join(folder, 'cdk.out'), {})
  const { pid, kill } = await processWithStack(assembly, join(folder, 'data'))
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  expect(children).toHaveLength(1)
  await kill()
  await until(() => !isLive(children[0]!) || undefined)
})

const EMITTER = `
const { EventBridgeClient, PutEventsCommand } = require('@aws-sdk/client-eventbridge')
const client = new EventBridgeClient({ maxAttempts: 1 })
exports.handler = async ({ rawPath }) => {
  const Entries = [{ Source: 'test', DetailType: 'Happened', Detail: JSON.stringify({ path: rawPath }) }]
  return (await client.send(new PutEventsCommand({ Entries }))).FailedEntryCount
}`

/** Hangs until the file OPEN exists; then records its event. */
const RECEIVER = `
const { appendFileSync, existsSync, writeFileSync } = require('node:fs')
exports.handler = async (event) => {
  writeFileSync(process.env.SEEN, '')
  while (!existsSync(process.env.OPEN)) await new Promise((r) => setTimeout(r, 10))
  appendFileSync(process.env.GOT, event.detail.path + '\\n')
}`

test('the next start delivers an accepted event if the stack is killed before the delivery', async () => {
  const folder = temporaryFolder()
  const [SEEN, OPEN, GOT] = ['seen', 'open', 'got'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const assembly = await writeAssembly(
    join(folder, 'cdk.out'),
    {
      ...route('Emitter', '$default', 'Emitter'),
      ...rule('Happened', { EventPattern: { source: ['test'] } }, 'Receiver'),
    },
    {
      Emitter: {
        code: EMITTER,
        statements: [allow('events:PutEvents', 'arn:aws:events:us-east-1:000000000000:event-bus/default')],
      },
      Receiver: { code: RECEIVER, properties: { Environment: { Variables: { SEEN, OPEN, GOT } } } },
    },
  )
  const dataDir = join(folder, 'data')
  const first = await processWithStack(assembly, dataDir)
  expect(await (await fetch(`${first.url}/one`)).text()).toBe('0')
  await until(() => existsSync(SEEN) || undefined)
  await first.kill()
  writeFileSync(OPEN, '')
  await startedStack({ assembly, dataDir })
  await until(() => existsSync(GOT) || undefined)
  expect(readFileSync(GOT, 'utf8')).toBe('/one\n')
})

const WRITER = `
const { DynamoDBClient, PutItemCommand, QueryCommand } = require('@aws-sdk/client-dynamodb')
const db = new DynamoDBClient({ maxAttempts: 1 })
const TableName = process.env.TABLE
exports.handler = async ({ rawPath }) => {
  if (rawPath === '/count') {
    const found = await db.send(new QueryCommand({ TableName, IndexName: 'ByGroup', Select: 'COUNT',
      KeyConditionExpression: '#g = :g', ExpressionAttributeNames: { '#g': 'group' }, ExpressionAttributeValues: { ':g': { S: 'g' } } }))
    return found.Count
  }
  await db.send(new PutItemCommand({ TableName, Item: { id: { S: rawPath }, group: { S: 'g' } } }))
  return 'written'
}`

test('no confirmed write is lost if the stack is killed right after it', async () => {
  const folder = temporaryFolder()
  const table = { 'Fn::GetAtt': ['Table', 'Arn'] }
  const index = { 'Fn::Join': ['', [table, '/index/ByGroup']] }
  const assembly = await writeAssembly(
    join(folder, 'cdk.out'),
    {
      ...route('Writer', '$default', 'Writer'),
      Table: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          ...(TABLE.Properties as object),
          AttributeDefinitions: ['id', 'group'].map((name) => ({ AttributeName: name, AttributeType: 'S' })),
          GlobalSecondaryIndexes: [
            {
              IndexName: 'ByGroup',
              KeySchema: [{ AttributeName: 'group', KeyType: 'HASH' }],
              Projection: { ProjectionType: 'ALL' },
            },
          ],
        },
      },
    },
    {
      Writer: {
        code: WRITER,
        statements: [allow('dynamodb:PutItem', table), allow('dynamodb:Query', index)],
        properties: { Environment: { Variables: { TABLE: { Ref: 'Table' } } } },
      },
    },
  )
  const dataDir = join(folder, 'data')
  const first = await processWithStack(assembly, dataDir)
  let written = 0
  const writing = (async () => {
    for (;;) {
      if ((await (await fetch(`${first.url}/${written}`)).text()) !== 'written') return
      written += 1
    }
  })().catch(() => {})
  await until(() => written >= 50 || undefined)
  await first.kill()
  await writing
  const second = await startedStack({ assembly, dataDir })
  const found = Number(await (await fetch(`${second.url}/count`)).text())
  expect(found - written).toBeOneOf([0, 1])
})
