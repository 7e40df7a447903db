// Tests `probe-registry digests` with a running registry, and with the tables of a deployed stack.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { loadTemplate } from '../../local/template/template.ts'
import { startDynamoDb } from '../support/aws/dynamodb-lab.ts'
import { commandsOf, documents } from '../support/documents/markdown.ts'
import { scratch, sh } from '../support/registry/registry.ts'

const ROOT = join(import.meta.dirname, '../..')
const PROGRAM = join(ROOT, 'client/probe-registry.js')
const VERSION = '11.0.0+driver'
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)]

let work: Awaited<ReturnType<typeof scratch>>
let stack: Stack
let assembly: string
let data: string
beforeAll(async () => {
  work = await scratch()
  assembly = join(work.dir, 'cdk.out')
  data = join(work.dir, 'data')
  await sh('env', [`CDK_OUTDIR=${assembly}`, 'PROBE_LOCAL=1', process.execPath, 'cdk/app.ts'])
  stack = await startStack({ assembly, dataDir: data, port: 0 })
}, 60_000)
afterAll(async () => {
  await stack.stop()
  await work.remove()
})

interface Said {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

function digests(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const child = spawn(process.execPath, [PROGRAM, 'digests', ...args], {
    env: { PATH: process.env.PATH, HOME: work.dir, AWS_EC2_METADATA_DISABLED: 'true', ...env },
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...said })))
}

const here = (...args: string[]) => digests(['--data', data, ...args])

describe('`probe-registry digests` with a registry on this machine', () => {
  test('records, lists and deletes digests', async () => {
    expect(await here()).toMatchObject({ status: 0, out: '', err: expect.stringContaining('no digest') })
    expect(await here('name', VERSION, A)).toMatchObject({ status: 0, err: '' })
    expect(await here('name', '9.1.0+driver', B, 'https://mirror.example/a.tar.xz')).toMatchObject({
      status: 0,
    })
    expect(await here()).toEqual({
      status: 0,
      out: `${VERSION} ${A} urn:operator\n9.1.0+driver ${B} https://mirror.example/a.tar.xz\n`,
      err: '',
    })
    expect(await here('name', VERSION, B)).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringMatching(/has another recorded digest: .* forget 11\.0\.0\+driver/),
    })
    expect(await here('forget', VERSION)).toMatchObject({
      status: 0,
      out: expect.stringMatching(/The next build of it trusts the source that its URL then has/),
    })
    expect(await here('forget', VERSION)).toMatchObject({
      status: 1,
      err: expect.stringContaining('is not recorded'),
    })
  })

  test.each([
    [['name', VERSION]],
    [['name', VERSION, 'abc']],
    [['name', VERSION, A.toUpperCase()]],
    [['name', VERSION, A, 'file:///etc/passwd']],
    [['name', VERSION, A, 'https://a/', 'more']],
    [['forget']],
    [['forget', VERSION, 'more']],
    [['nothing']],
    [['--stack', 'ProbeRegistry']],
    [['--no-such-option']],
  ])('prints the usage for the wrong arguments %j', async (args) => {
    expect(await here(...args)).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(/^probe-registry digests: .*\nUsage: /),
    })
  })

  test('runs the commands of the documents, which change no other entry', async () => {
    await writeFile(join(work.dir, 'libs-11.0.0.tar.gz'), 'sources')
    const sha256 = createHash('sha256').update('sources').digest('hex')
    const commands = documents()
      .flatMap(commandsOf)
      .filter((line) => line.startsWith('npx --no-install probe-registry digests'))
    const said: string[] = []
    for (const line of commands) {
      const command = line.replace('libs-', `${work.dir}/libs-`)
      said.push(await sh('sh', ['-c', `${command} --data ${data}`], ROOT))
    }
    expect(said).toEqual([
      expect.stringContaining(`${VERSION}: only a source with sha256 ${sha256} is accepted`),
      `${VERSION} ${sha256} urn:operator\n9.1.0+driver ${B} https://mirror.example/a.tar.xz\n`,
      expect.stringContaining(`${VERSION}: sha256 ${sha256} is forgotten`),
    ])
  })

  test('refuses the ids of other entries of the table', async () => {
    for (const id of ['~drivers', '~list/bookworm'])
      for (const args of [
        ['name', id, A],
        ['forget', id],
      ])
        expect(await here(...args)).toMatchObject({
          status: 2,
          err: expect.stringContaining('is not a driver version'),
        })
  })

  test('reports that no registry runs on the folder', async () => {
    const empty = join(work.dir, 'empty')
    await mkdir(empty)
    expect(await digests(['--data', empty])).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^probe-registry digests: no registry runs on .*empty/),
    })
    // A registry that was killed.
    await writeFile(
      join(empty, 'operator.json'),
      (await readFile(join(data, 'operator.json'), 'utf8')).replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9'),
    )
    expect(await digests(['--data', empty])).toMatchObject({
      status: 2,
      err: expect.stringContaining('does not run any more'),
    })
    await writeFile(join(empty, 'operator.json'), '{}')
    expect(await digests(['--data', empty])).toMatchObject({
      status: 2,
      err: expect.stringContaining('is that the folder of a registry?'),
    })
  })

  test('uses credentials that only this user can read, and that give no access to other data', async () => {
    const file = join(data, 'operator.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const { endpoint, credentials, region } = JSON.parse(await readFile(file, 'utf8'))
    const config = { endpoint, credentials, region, maxAttempts: 1 }
    const template = loadTemplate(assembly, { publicUrl: stack.url })
    const name = (type: string, id: string) =>
      template.ofType(type).find(({ logicalId }) => logicalId.startsWith(id))!.name
    const dynamodb = new DynamoDBClient(config)
    for (const table of ['Probes', 'Budgets', 'Sources']) {
      const read = { TableName: name('AWS::DynamoDB::Table', table), Key: { id: { S: 'a' } } }
      await expect(dynamodb.send(new GetItemCommand(read))).rejects.toMatchObject({
        name: 'AccessDeniedException',
      })
    }
    // A backup may scan the two other tables. This one has the callers' addresses.
    const budgets = { TableName: name('AWS::DynamoDB::Table', 'Budgets') }
    await expect(dynamodb.send(new ScanCommand(budgets))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    await expect(dynamodb.send(new ListTablesCommand())).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    const s3 = new S3Client({ ...config, endpoint: `${endpoint}/s3`, forcePathStyle: true })
    const Bucket = name('AWS::S3::Bucket', 'Artifacts')
    await expect(
      s3.send(new GetObjectCommand({ Bucket, Key: 'keys/falco-probes.asc' })),
    ).rejects.toMatchObject({ name: 'AccessDenied' })
  })
})

describe('`probe-registry digests` with a deployed stack', () => {
  const TableName = 'ProbeRegistryData-Sources0A1B2C3D-XYZ'
  let cloud: Awaited<ReturnType<typeof startDynamoDb>>
  let env: Record<string, string>
  beforeAll(async () => {
    cloud = await startDynamoDb()
    for (const one of [
      TableName,
      'ProbeRegistryData-Probes0A1B2C3D-XYZ',
      'TwoData-Sources1-X',
      'TwoData-Sources2-X',
    ])
      await cloud.plain.send(
        new CreateTableCommand({
          TableName: one,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        }),
      )
    const { hostname, port } = await cloud.plain.config.endpoint!()
    env = {
      AWS_ENDPOINT_URL_DYNAMODB: `http://${hostname}:${port}`,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'test',
    }
  })
  afterAll(() => cloud.stop())

  test('finds the table by its own name or the name of the stack', async () => {
    expect(await digests(['--stack', 'ProbeRegistry', 'name', VERSION, A], env)).toMatchObject({ status: 0 })
    const listed = { status: 0, out: `${VERSION} ${A} urn:operator\n` }
    expect(await digests(['--stack', 'ProbeRegistry'], env)).toMatchObject(listed)
    expect(await digests(['--table', TableName], env)).toMatchObject(listed)
    for (const [name, tables] of [
      ['None', 0],
      ['Two', 2],
    ])
      expect(await digests(['--stack', `${name}`], env)).toMatchObject({
        status: 2,
        err: expect.stringContaining(`${tables} tables of a stack ${name} are called Sources`),
      })
  })

  test('reports in one sentence that credentials or region are missing', async () => {
    const { AWS_ENDPOINT_URL_DYNAMODB = '', AWS_REGION = '' } = env
    const said = (more: Record<string, string>) =>
      digests(['--table', TableName], { AWS_ENDPOINT_URL_DYNAMODB, ...more })
    expect(await said({ AWS_REGION })).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^probe-registry digests: no AWS credentials: /),
    })
    expect(await said({})).toMatchObject({
      status: 2,
      err: 'probe-registry digests: no AWS region: set AWS_REGION\n',
    })
  })
})
