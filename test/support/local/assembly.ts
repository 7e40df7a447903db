// A small cloud assembly, as cdk synth writes it, with functions given as text.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'
import { type Stack, type StackOptions, startStack } from '../../../local/stack.ts'
import type { JsonObject } from '../../../local/wire/json.ts'

export const STACK = 'Small'

/** Makes a folder; it is removed at the end of the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'local-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface FunctionText {
  /** CommonJS that sets `exports.handler`; it may `require` npm packages */
  readonly code: string
  readonly properties?: JsonObject
  readonly statements?: readonly JsonObject[]
}

/** Writes the assembly and returns its folder. Each function has its own role, `{name}Role`. */
export async function writeAssembly(
  folder: string,
  resources: JsonObject,
  functions: Readonly<Record<string, FunctionText>> = {},
): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const files: Record<string, JsonObject> = {}
  const made: Record<string, JsonObject> = {}
  for (const [name, fn] of Object.entries(functions)) {
    await bundle(fn.code, join(folder, `asset.${name}`))
    files[name] = { source: { path: `asset.${name}`, packaging: 'zip' } }
    Object.assign(made, functionResources(name, fn))
  }
  writeFileSync(join(folder, `${STACK}.assets.json`), JSON.stringify({ files }))
  writeFileSync(
    join(folder, `${STACK}.template.json`),
    JSON.stringify({ Resources: { ...API, ...made, ...resources } }),
  )
  return folder
}

const bundle = (code: string, outdir: string) =>
  build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: 'js' },
    outfile: join(outdir, 'index.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
  })

const trust = (service: string): JsonObject => ({
  Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: service } }],
})

export const role = (service: string, statements: readonly JsonObject[] = []): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: trust(service),
    ...(statements.length === 0
      ? {}
      : { Policies: [{ PolicyName: 'own', PolicyDocument: { Statement: statements } }] }),
  },
})

const functionResources = (
  name: string,
  { properties, statements }: FunctionText,
): Record<string, JsonObject> => ({
  [`${name}Role`]: role('lambda.amazonaws.com', statements),
  [name]: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { S3Bucket: 'assets', S3Key: `${name}.zip` },
      Handler: 'index.handler',
      Role: { 'Fn::GetAtt': [`${name}Role`, 'Arn'] },
      Runtime: 'nodejs24.x',
      Timeout: 5,
      ...properties,
    },
  },
})

/** Every stack has an HTTP API. */
const API: JsonObject = {
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'Api', ProtocolType: 'HTTP' } },
  Stage: {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true },
  },
}

/** A route to a function, with its permission. */
export const route = (id: string, key: string, fn: string): JsonObject => ({
  [`${id}Integration`]: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      ApiId: { Ref: 'Api' },
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: { 'Fn::GetAtt': [fn, 'Arn'] },
      PayloadFormatVersion: '2.0',
    },
  },
  [`${id}Route`]: {
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: {
      ApiId: { Ref: 'Api' },
      RouteKey: key,
      Target: { 'Fn::Join': ['', ['integrations/', { Ref: `${id}Integration` }]] },
    },
  },
  [`${id}Permission`]: permission(fn, 'apigateway.amazonaws.com', {
    'Fn::Join': [
      '',
      ['arn:aws:execute-api:us-east-1:', { Ref: 'AWS::AccountId' }, ':', { Ref: 'Api' }, '/*/*'],
    ],
  }),
})

const permission = (fn: string, service: string, source: JsonObject): JsonObject => ({
  Type: 'AWS::Lambda::Permission',
  Properties: {
    Action: 'lambda:InvokeFunction',
    FunctionName: { 'Fn::GetAtt': [fn, 'Arn'] },
    Principal: service,
    SourceArn: source,
  },
})

/** A version of a function, and its alias `live`. */
export const live = (fn: string): JsonObject => ({
  [`${fn}Version`]: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: fn } } },
  [`${fn}Live`]: {
    Type: 'AWS::Lambda::Alias',
    Properties: {
      ...{ FunctionName: { Ref: fn }, Name: 'live' },
      FunctionVersion: { 'Fn::GetAtt': [`${fn}Version`, 'Version'] },
    },
  },
})

/** A rule of the default bus with one target, and its permission. */
export const rule = (id: string, properties: JsonObject, fn: string): JsonObject => ({
  [id]: {
    Type: 'AWS::Events::Rule',
    Properties: { ...properties, Targets: [{ Id: 'Target0', Arn: { 'Fn::GetAtt': [fn, 'Arn'] } }] },
  },
  [`${id}Permission`]: permission(fn, 'events.amazonaws.com', { 'Fn::GetAtt': [id, 'Arn'] }),
})

export const TABLE: JsonObject = {
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  },
}

export const allow = (action: string, resource: JsonObject | string): JsonObject => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
})

/** Starts a stack; it stops at the end of the test, unless the test stopped it before. */
export async function startedStack(options: Omit<StackOptions, 'port'>): Promise<Stack> {
  const stack = await startStack({ port: 0, ...options })
  onTestFinished(() => stack.stop())
  return stack
}

/** Calls `test` until it returns a value; the timeout of the running test ends the wait. */
export async function until<T>(test: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await test()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
