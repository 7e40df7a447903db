// The template's functions: their limits and permissions, each with one worker at a time, started when needed.

import { wildcard } from '../iam/policy.ts'
import type { Roles } from '../iam/roles.ts'
import type { Resource, Template } from '../template/template.ts'
import { isObject, type Json, number, object, string } from '../wire/json.ts'
import type { Principal, Sender } from '../wire/types.ts'
import { accountExecutions, type Executions, NEW_ACCOUNT } from './executions.ts'
import type { FunctionLog } from './function-log.ts'
import { createRunner, type Outcome, type Runner } from './runner.ts'

export type { Outcome } from './runner.ts'

export interface Fn {
  readonly name: string
  readonly arn: string
  /** Retries of an asynchronous invocation, and how old its event may become, in milliseconds. */
  readonly retries: number
  readonly maxAge: number
  /** The queue that is told of an event that is given up, and who tells it: the function's role. */
  readonly onFailure: { readonly queueArn: string; readonly sender: Sender } | undefined
  invoke(event: Json): Promise<Outcome>
  /** Whether a permission of the template lets the service invoke the function for that source. */
  permits(service: string, sourceArn: string): boolean
}

export interface Functions {
  /** By name or ARN; an unknown one is an error. */
  find(nameOrArn: string): Fn
  stop(): Promise<void>
}

export interface FunctionsOptions {
  readonly template: Template
  readonly roles: Roles
  /** `AWS_ENDPOINT_URL_*` and the like, the same for every function */
  readonly endpoints: Readonly<Record<string, string>>
  readonly openLog: (functionName: string) => FunctionLog
  /** at one time, of all functions together; default: as many as a new account has */
  readonly executions?: number | undefined
  /** milliseconds without an invocation after which a worker ends */
  readonly idleMs?: number
  /** hears how each invocation ended */
  readonly onOutcome?: (functionName: string, tag: Outcome['tag']) => void
}

const DEFAULT_RETRIES = 2
/** Long enough that a registry in use is never cold: four workers that start together hold up every hit for a second. */
const IDLE_MS = 600_000
/** Of a function that makes custom resources: it has done so when the stack starts, and is asked no more. */
const IDLE_ONCE_MS = 1000
const DEFAULT_MAX_AGE = 6 * 60 * 60
/** A worker serves many invocations where the cloud has a process each, so it may hold more. */
const LEAST_HEAP_MB = 512

export function createFunctions(options: FunctionsOptions): Functions {
  const resources = options.template.ofType('AWS::Lambda::Function')
  const executionsOf = accountExecutions(
    options.executions ?? NEW_ACCOUNT,
    new Map(resources.flatMap(keptFor)),
  )
  const functions = resources.map((it) => createFunction(it, executionsOf(it.name), options))
  return {
    find: (nameOrArn) => {
      const found = functions.find(({ fn }) => fn.name === nameOrArn || fn.arn === nameOrArn)
      if (found === undefined) throw new Error(`function ${nameOrArn} does not stand in the template`)
      return found.fn
    },
    stop: async () => {
      await Promise.all(functions.map(({ runner }) => runner.stop()))
    },
  }
}

function keptFor({ name, logicalId, properties }: Resource): [string, number][] {
  const kept = properties.ReservedConcurrentExecutions
  return kept === undefined ? [] : [[name, number(kept, `${logicalId}.ReservedConcurrentExecutions`)]]
}

function createFunction(
  resource: Resource,
  executions: Executions,
  options: FunctionsOptions,
): { fn: Fn; runner: Runner } {
  const { template, roles, onOutcome = () => {} } = options
  const { properties, name } = resource
  const arn = resource.arn!
  const role = roles.assume(string(properties.Role, `${resource.logicalId}.Role`), 'lambda.amazonaws.com')
  const runner = createRunner({ ...runnerOptions(resource, role, options), executions })
  const permissions = permissionsOf(resource, template)
  const { retries, maxAge, queueArn } = invokeConfig(resource, template)
  const fn: Fn = {
    name,
    arn,
    retries,
    maxAge,
    onFailure: queueArn === undefined ? undefined : { queueArn, sender: role },
    invoke: async (event) => {
      const outcome = await runner.invoke(JSON.stringify(event))
      onOutcome(name, outcome.tag)
      return outcome
    },
    permits: (service, sourceArn) => permissions.some((permits) => permits(service, sourceArn)),
  }
  return { fn, runner }
}

function runnerOptions(resource: Resource, role: Principal, options: FunctionsOptions) {
  const { properties, logicalId, name } = resource
  const runtime = string(properties.Runtime, `${logicalId}.Runtime`)
  if (!runtime.startsWith('nodejs')) throw new Error(`${logicalId}: runtime ${runtime} is not known here`)
  const memoryMb = number(properties.MemorySize ?? 128, `${logicalId}.MemorySize`)
  return {
    setup: {
      asset: options.template.asset(
        string(object(properties.Code, logicalId).S3Key, `${logicalId}.Code.S3Key`),
      ),
      handler: string(properties.Handler, `${logicalId}.Handler`),
      functionName: name,
      functionArn: resource.arn!,
      memoryMb,
      isForEvents: invokeConfigOf(resource, options.template) !== undefined,
    },
    environment: { ...variables(resource), ...options.endpoints, ...lambdaEnvironment(name, memoryMb, role) },
    heapMb: Math.max(memoryMb, LEAST_HEAP_MB),
    timeoutMs: number(properties.Timeout ?? 3, `${logicalId}.Timeout`) * 1000,
    idleMs: options.idleMs ?? (makesResources(resource, options.template) ? IDLE_ONCE_MS : IDLE_MS),
    log: options.openLog(name),
  }
}

function variables({ properties, logicalId }: Resource): Record<string, string> {
  if (properties.Environment === undefined) return {}
  const given = object(object(properties.Environment, logicalId).Variables ?? {}, logicalId)
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, string(value, `${logicalId}: variable ${name}`)]),
  )
}

/** AWS has no `ONE_PROCESS`: there, each request that a function answers at one time has a process of its own. */
const lambdaEnvironment = (name: string, memoryMb: number, role: Principal): Record<string, string> => ({
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: role.accessKeyId,
  AWS_SECRET_ACCESS_KEY: role.secretAccessKey,
  AWS_SESSION_TOKEN: role.sessionToken,
  AWS_LAMBDA_FUNCTION_NAME: name,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  ONE_PROCESS: '1',
  TZ: ':UTC',
})

const concerns = (name: Json | undefined, { name: own, arn }: Resource): boolean =>
  name === own || name === arn

const makesResources = (fn: Resource, template: Template): boolean =>
  template.custom().some(({ properties }) => concerns(properties.ServiceToken, fn))

function permissionsOf(fn: Resource, template: Template): ((service: string, source: string) => boolean)[] {
  return template
    .ofType('AWS::Lambda::Permission')
    .filter(({ properties }) => concerns(properties.FunctionName, fn))
    .filter(({ properties }) => properties.Action === 'lambda:InvokeFunction')
    .map(({ properties, logicalId }) => {
      const source = wildcard(string(properties.SourceArn ?? '*', `${logicalId}.SourceArn`), logicalId)
      return (service, sourceArn) => properties.Principal === service && source(sourceArn)
    })
}

interface InvokeConfig {
  readonly retries: number
  readonly maxAge: number
  readonly queueArn: string | undefined
}

function invokeConfig(fn: Resource, template: Template): InvokeConfig {
  const config = invokeConfigOf(fn, template)
  const read = (value: Json | undefined, otherwise: number): number =>
    number(isObject(config) && value !== undefined ? value : otherwise, `${fn.logicalId}: EventInvokeConfig`)
  return {
    retries: read(config?.MaximumRetryAttempts, DEFAULT_RETRIES),
    maxAge: read(config?.MaximumEventAgeInSeconds, DEFAULT_MAX_AGE) * 1000,
    queueArn: onFailureOf(config?.DestinationConfig, fn, template),
  }
}

const invokeConfigOf = (fn: Resource, template: Template) =>
  template
    .ofType('AWS::Lambda::EventInvokeConfig')
    .find(({ properties }) => concerns(properties.FunctionName, fn))?.properties

function onFailureOf(config: Json | undefined, fn: Resource, template: Template): string | undefined {
  if (config === undefined) return undefined
  const { OnFailure, ...others } = object(config, `${fn.logicalId}: DestinationConfig`)
  const arn = object(OnFailure, `${fn.logicalId}: OnFailure`).Destination
  const queue = template.ofType('AWS::SQS::Queue').find((one) => one.arn === arn)
  if (queue?.arn === undefined || Object.keys(others).length > 0)
    throw new Error(`${fn.logicalId}: a destination other than a queue for failures is not known here`)
  return queue.arn
}
