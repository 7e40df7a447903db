// Tests `probe-registry replay` against running stacks: it lists failed events, and the command in docs/operations.md
// sends them again.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { operatorOf } from '../../../client/operator.ts'
import { createInvoke } from '../../../lib/aws/invoke.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import { commandsOf, documents } from '../../support/documents/markdown.ts'
import {
  allow,
  live,
  STACK,
  startedStack,
  temporaryFolder,
  until,
  writeAssembly,
} from '../../support/local/assembly.ts'
import { startWholeStack } from '../../support/local/whole-stack.ts'

const PROGRAM = join(import.meta.dirname, '../../../client/probe-registry.js')
const MINUTES = 60_000
const KEY = 'driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko'

interface Said {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

function replay(data: string, ...args: string[]): Promise<Said> {
  const env = { PATH: process.env.PATH, HOME: data }
  const child = spawn(process.execPath, [PROGRAM, 'replay', '--data', data, ...args], { env })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...said })))
}

/** The documents' command lines: the arguments after `replay`. */
const documented = (): string[] =>
  documents()
    .flatMap(commandsOf)
    .flatMap((line) => /^npx --no-install probe-registry replay ?(.*)$/.exec(line)?.[1] ?? [])

/** Invokes a function as EventBridge does, with the operator's credentials. */
async function invoke(data: string, functionName: string, detail: JsonObject): Promise<void> {
  const { endpoint, region, credentials } = operatorOf(data)
  const send = createInvoke({ endpoint, region, credentials: async () => credentials, now: Date.now })
  const event = { source: 'probe-registry', 'detail-type': 'ProbeRequested', detail }
  await send(functionName, JSON.stringify(event))
}

const BUILDER = `
const { appendFileSync, existsSync } = require('node:fs')
exports.handler = async ({ detail }) => {
  appendFileSync(detail.file + '.calls', '.')
  if (!existsSync(detail.file + '.mended')) throw new Error('the mirror is away\\nfor today')
}`

/** A function that fails until \`mend\` is called. Its failed events end in a queue. */
async function brokenStack() {
  const folder = temporaryFolder()
  const table = (TableName: string): JsonObject => ({
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      ...{ TableName, BillingMode: 'PAY_PER_REQUEST' },
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    },
  })
  const failed = { 'Fn::GetAtt': ['Failed', 'Arn'] }
  const resources = {
    ...{ Sources: table('sources'), Probes: table('probes') },
    ...{ Artifacts00000000: { Type: 'AWS::S3::Bucket' }, Inputs00000000: { Type: 'AWS::S3::Bucket' } },
    ...live('Builder'),
    Failed: { Type: 'AWS::SQS::Queue' },
    Config: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        ...{ FunctionName: { Ref: 'Builder' }, Qualifier: 'live' },
        DestinationConfig: { OnFailure: { Destination: failed } },
      },
    },
  }
  const functions = { Builder: { code: BUILDER, statements: [allow('sqs:SendMessage', failed)] } }
  const assembly = await writeAssembly(join(folder, 'cdk.out'), resources, functions)
  const file = join(assembly, `${STACK}.template.json`)
  const Outputs = {
    SourcesTable: { Value: { Ref: 'Sources' } },
    ProbesTable: { Value: { Ref: 'Probes' } },
    FailedEventsQueue: { Value: { Ref: 'Failed' } },
  }
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), Outputs }))
  const dataDir = join(folder, 'data')
  const options = { assembly, dataDir }
  const stack = await startedStack(options)
  const work = join(folder, 'work')
  const queue = join(dataDir, 'queues', `${STACK}-Failed`)
  return {
    dataDir,
    fail: (key: string) => invoke(dataDir, `${STACK}-Builder:live`, { key, file: work }),
    calls: () => (existsSync(`${work}.calls`) ? readFileSync(`${work}.calls`, 'utf8').length : 0),
    mend: () => writeFileSync(`${work}.mended`, ''),
    failed: () => (existsSync(queue) ? readdirSync(queue).length : 0),
    restart: async () => {
      await stack.stop()
      await startedStack(options)
    },
  }
}

test(
  'an event that failed in all retries is listed, survives a restart of the stack, and is handled when it is sent again',
  async () => {
    const { dataDir, fail, calls, failed, mend, restart } = await brokenStack()
    expect(await replay(dataDir)).toEqual({ status: 0, out: '', err: 'no event has failed\n' })
    await fail(KEY)
    await until(() => failed() === 1 || undefined)
    expect(calls()).toBe(3)
    await restart()
    const list = await replay(dataDir)
    expect(list).toEqual({
      status: 0,
      out: expect.stringMatching(
        /^[0-9a-f-]{36} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ Small-Builder:live ProbeRequested driver\/0\.20\.0\/\S+ the mirror is away\n$/,
      ),
      err: '',
    })
    // Listing events does not hide them from the next caller.
    expect(await replay(dataDir)).toEqual(list)
    mend()
    const [id = ''] = list.out.split(' ')
    expect(documented()).toContain('--all')
    expect(await replay(dataDir, '--all')).toEqual({ status: 0, out: `sent again: ${list.out}`, err: '' })
    await until(() => calls() === 4 || undefined)
    expect(failed()).toBe(0)
    expect(await replay(dataDir, id)).toMatchObject({
      status: 1,
      err: expect.stringContaining(`${id} is not here`),
    })
  },
  3 * MINUTES,
)

test(
  'one of two events is sent again and returns when it fails again; the other stays until it is forgotten',
  async () => {
    const { dataDir, fail, calls, failed } = await brokenStack()
    await fail(KEY)
    await fail(`${KEY}.2`)
    await until(() => failed() === 2 || undefined)
    const lines = (await replay(dataDir)).out.trim().split('\n')
    const [one = ''] = lines.filter((line) => line.includes(`${KEY} `))
    const [other = ''] = lines.filter((line) => line.includes(`${KEY}.2 `))
    const idOf = (line: string): string => line.slice(0, 36)
    expect(await replay(dataDir, idOf(one))).toMatchObject({ status: 0, out: `sent again: ${one}\n` })
    await until(() => (calls() === 9 && failed() === 2) || undefined)
    expect(await replay(dataDir, '--forget', idOf(other))).toMatchObject({
      status: 0,
      out: `forgotten: ${other}\n`,
    })
    const left = await replay(dataDir)
    expect(left.out).toContain(`${KEY} `)
    expect(left.out).not.toContain(idOf(one))
    expect(left.out).not.toContain(`${KEY}.2 `)
    expect(calls()).toBe(9)
  },
  3 * MINUTES,
)

test.each([[['--all', 'x']], [['--forget']], [['--queue', 'x', '--stack', 'y']], [['--nothing']]])(
  'it refuses the arguments %j and prints the usage',
  async (args) => {
    expect(await replay('/nonexistent', ...args)).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(/\nUsage: /),
    })
  },
)

test('it reports that no registry runs', async () => {
  expect(await replay('/nonexistent')).toMatchObject({
    status: 2,
    err: expect.stringContaining('no registry runs on /nonexistent'),
  })
})

test(
  "an event that fails in the registry's planner ends in the failure queue of the deployed stack",
  async () => {
    const stack = await startWholeStack()
    onTestFinished(() => stack.stop())
    const logs = readdirSync(join(stack.dataDir, 'logs'))
    const [plan = ''] = logs.flatMap((name) => /^(ProbeRegistry-Plan[0-9A-F]{8})\.log$/.exec(name)?.[1] ?? [])
    // Without a claim: no such event is ever sent.
    await invoke(stack.dataDir, `${plan}:live`, { key: KEY })
    const queues = join(stack.dataDir, 'queues')
    const messages = () =>
      readdirSync(queues, { recursive: true, encoding: 'utf8' }).filter((it) => it.endsWith('.json'))
    await until(() => (existsSync(queues) && messages().length === 1) || undefined)
    const { out } = await replay(stack.dataDir)
    expect(out).toMatch(/^\S+ \S+ \S*Plan\S*:live ProbeRequested driver\/0\.20\.0\/\S+ .*claim/)
    expect(await replay(stack.dataDir, '--all')).toMatchObject({ status: 0, out: `sent again: ${out}` })
  },
  5 * MINUTES,
)
