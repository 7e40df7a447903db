// The template's functions: their limits and permissions, each with one worker at a time, started when needed.

import { type Faults, NO_FAULTS } from '../faults.ts'
import { wildcard } from '../iam/policy.ts'
import type { Roles } from '../iam/roles.ts'
import type { Resource, Template } from '../template/template.ts'
import { isObject, type Json, number, object, string } from '../wire/json.ts'
import type { Clock, Principal, Sender } from '../wire/types.ts'
import { accountExecutions, type Executions, NEW_ACCOUNT } from './executions.ts'
import type { FunctionLog } from './function-log.ts'
import { createRunner, type Environment, MB, type Outcome, RUNTIME_MB, type Runner } from './runner.ts'

/** A function as it is invoked: by itself, by the number of a version, or by an alias. */
export interface Fn {
  readonly name: string
  /** ends with the version or the alias; without one: the function itself */
  readonly arn: string
  /** the same with `$LATEST` at the end where there is neither */
  readonly qualifiedArn: string
  /** what runs: `$LATEST`, or the number of a version */
  readonly version: string
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
  /** By name, `NAME:QUALIFIER` or ARN; an unknown one is an error. */
  find(nameOrArn: string): Fn
  stop(): Promise<void>
}

export interface FunctionsOptions {
  readonly template: Template
  readonly roles: Roles
  /** `AWS_ENDPOINT_URL_*` and the like, the same for every function */
  readonly endpoints: Readonly<Record<string, string>>
  readonly openLog: (functionName: string) => FunctionLog
  readonly now: Clock
  /** by default none */
  readonly faults?: Pick<Faults, 'environment'>
  /** at one time, of all functions together; default: as many as a new account has */
  readonly executions?: number | undefined
  /** whether each invocation has a worker of its own, with the memory of its function and no more; default: many share one */
  readonly apart?: boolean
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
/** A worker that serves many invocations, where the cloud has a process each, may hold more. */
const LEAST_HEAP_MB = 512

export function createFunctions(options: FunctionsOptions): Functions {
  const resources = options.template.ofType('AWS::Lambda::Function')
  const executionsOf = accountExecutions(
    options.executions ?? NEW_ACCOUNT,
    new Map(resources.flatMap(keptFor)),
  )
  const made = resources.map((it) => createFunction(it, executionsOf(it.name), options))
  const functions = made.flatMap(({ fns }) => fns)
  const find = (nameOrArn: string): Fn => {
    const found = functions.find(({ arn }) => isCalled(nameOrArn, arn))
    if (found === undefined) throw new Error(`function ${nameOrArn} does not stand in the template`)
    return found
  }
  for (const { properties, logicalId } of options.template.ofType('AWS::Lambda::Permission'))
    find(string(properties.FunctionName, `${logicalId}.FunctionName`))
  return {
    find,
    stop: async () => {
      await Promise.all(made.map(({ stop }) => stop()))
    },
  }
}

const LATEST = '$LATEST'

/** By its ARN, or by what stands behind `function:` there. */
const isCalled = (name: Json | undefined, arn: string): boolean =>
  typeof name === 'string' && (arn === name || arn.endsWith(`:function:${name}`))

function keptFor({ name, logicalId, properties }: Resource): [string, number][] {
  const kept = properties.ReservedConcurrentExecutions
  return kept === undefined ? [] : [[name, number(kept, `${logicalId}.ReservedConcurrentExecutions`)]]
}

function createFunction(
  resource: Resource,
  executions: Executions,
  options: FunctionsOptions,
): { readonly fns: readonly Fn[]; stop(): Promise<void> } {
  const { template, roles, onOutcome = () => {} } = options
  const { properties, name } = resource
  const roleArn = string(properties.Role, `${resource.logicalId}.Role`)
  const assume = (lifeMs?: number) => roles.assume(roleArn, 'lambda.amazonaws.com', lifeMs)
  const log = options.openLog(name)
  const versions = versionsOf(resource, template)
  // Processes of their own, whose environment tells them their version; the executions are the function's.
  const runners = new Map<string, Runner>(
    [LATEST, ...versions].map((version) => {
      const runner = createRunner({ ...runnerOptions(resource, version, assume, options), executions, log })
      return [version, runner]
    }),
  )
  const invokedBy = ({ qualifier, version }: Qualified): Fn => {
    const arn = qualifier === undefined ? resource.arn! : `${resource.arn}:${qualifier}`
    const permissions = permissionsOf(arn, template)
    const { retries, maxAge, queueArn } = invokeConfig(resource, qualifier, template)
    const runner = runners.get(version)
    if (runner === undefined) throw new Error(`${arn}: the function has no version ${version}`)
    return {
      ...{ name, arn, version, retries, maxAge },
      qualifiedArn: `${resource.arn}:${qualifier ?? LATEST}`,
      onFailure: queueArn === undefined ? undefined : { queueArn, sender: assume() },
      invoke: async (event) => {
        const outcome = await runner.invoke(JSON.stringify(event), arn)
        onOutcome(name, outcome.tag)
        return outcome
      },
      permits: (service, sourceArn) => permissions.some((permits) => permits(service, sourceArn)),
    }
  }
  const qualified = [
    { qualifier: undefined, version: LATEST },
    ...versions.map((version) => ({ qualifier: version, version })),
    ...aliasesOf(resource, template),
  ]
  return {
    fns: qualified.map(invokedBy),
    stop: async () => {
      await Promise.all([...runners.values()].map((runner) => runner.stop()))
    },
  }
}

interface Qualified {
  /** `undefined`: by the function's own name */
  readonly qualifier: string | undefined
  readonly version: string
}

/** Lambda refuses a second version of what did not change: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html */
function versionsOf({ name, arn, logicalId }: Resource, template: Template): readonly string[] {
  const own = template
    .ofType('AWS::Lambda::Version')
    .filter(({ properties }) => concerns(properties.FunctionName, { name, arn }))
  if (own.length > 1) throw new Error(`${logicalId}: two versions of one function are not known here`)
  return own.map(({ ref }) => ref.replace(/^.*:/, ''))
}

const aliasesOf = ({ name, arn }: Resource, template: Template): readonly Qualified[] =>
  template
    .ofType('AWS::Lambda::Alias')
    .filter(({ properties }) => concerns(properties.FunctionName, { name, arn }))
    .map(({ name: qualifier, properties, logicalId }) => ({
      qualifier,
      version: string(properties.FunctionVersion, `${logicalId}.FunctionVersion`),
    }))

type Assume = (lifeMs?: number) => Principal

/**
 * Its credentials are fixed when it begins, and outlive the last request that it is given:
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
function beginEnvironment(
  variablesOf: (role: Principal) => Environment['variables'],
  assume: Assume,
  timeoutMs: number,
  { now, faults = NO_FAULTS }: Pick<FunctionsOptions, 'now' | 'faults'>,
): Environment {
  const ms = faults.environment()
  return { variables: variablesOf(assume(ms + timeoutMs)), until: now() + ms }
}

function runnerOptions(resource: Resource, version: string, assume: Assume, options: FunctionsOptions) {
  const { properties, logicalId, name } = resource
  const runtime = string(properties.Runtime, `${logicalId}.Runtime`)
  if (!runtime.startsWith('nodejs')) throw new Error(`${logicalId}: runtime ${runtime} is not known here`)
  const memoryMb = number(properties.MemorySize ?? 128, `${logicalId}.MemorySize`)
  const timeoutMs = number(properties.Timeout ?? 3, `${logicalId}.Timeout`) * 1000
  const own = { ...variables(resource), ...options.endpoints, ...(options.apart ? {} : ONE_PROCESS) }
  const variablesOf = (role: Principal) => ({ ...own, ...lambdaEnvironment(name, version, memoryMb, role) })
  const ownMb = memoryMb - RUNTIME_MB
  return {
    setup: {
      asset: options.template.asset(
        string(object(properties.Code, logicalId).S3Key, `${logicalId}.Code.S3Key`),
      ),
      handler: string(properties.Handler, `${logicalId}.Handler`),
      functionName: name,
      functionVersion: version,
      memoryMb,
      mostBytes: options.apart ? ownMb * MB : undefined,
      isForEvents: isForEvents(resource, options.template),
    },
    environment: () => beginEnvironment(variablesOf, assume, timeoutMs, options),
    ...(options.apart
      ? { atOnce: 1, heapMb: ownMb }
      : { atOnce: Number.POSITIVE_INFINITY, heapMb: Math.max(memoryMb, LEAST_HEAP_MB) }),
    timeoutMs,
    now: options.now,
    idleMs: options.idleMs ?? (makesResources(resource, options.template) ? IDLE_ONCE_MS : IDLE_MS),
  }
}

function variables({ properties, logicalId }: Resource): Record<string, string> {
  if (properties.Environment === undefined) return {}
  const given = object(object(properties.Environment, logicalId).Variables ?? {}, logicalId)
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, string(value, `${logicalId}: variable ${name}`)]),
  )
}

/** AWS says no such thing: there, each request that a function answers at one time has a process of its own. */
const ONE_PROCESS = { ONE_PROCESS: '1' }

const lambdaEnvironment = (
  name: string,
  version: string,
  memoryMb: number,
  role: Principal,
): Record<string, string> => ({
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: role.accessKeyId,
  AWS_SECRET_ACCESS_KEY: role.secretAccessKey,
  AWS_SESSION_TOKEN: role.sessionToken,
  AWS_LAMBDA_FUNCTION_NAME: name,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
  AWS_LAMBDA_FUNCTION_VERSION: version,
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  TZ: ':UTC',
})

const concerns = (name: Json | undefined, { name: own, arn }: Pick<Resource, 'name' | 'arn'>): boolean =>
  name === own || name === arn

const makesResources = (fn: Resource, template: Template): boolean =>
  template.custom().some(({ properties }) => concerns(properties.ServiceToken, fn))

/**
 * Of what is invoked by that ARN and by no other: what is allowed of a function is not of its alias, nor the other way
 * round. https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
 */
function permissionsOf(arn: string, template: Template): ((service: string, source: string) => boolean)[] {
  return template
    .ofType('AWS::Lambda::Permission')
    .filter(({ properties }) => isCalled(properties.FunctionName, arn))
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

/** Of that qualifier alone: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html */
function invokeConfig(fn: Resource, qualifier: string | undefined, template: Template): InvokeConfig {
  const config = template
    .ofType('AWS::Lambda::EventInvokeConfig')
    .filter(({ properties }) => concerns(properties.FunctionName, fn))
    .find(({ properties }) => (properties.Qualifier ?? LATEST) === (qualifier ?? LATEST))?.properties
  const read = (value: Json | undefined, otherwise: number): number =>
    number(isObject(config) && value !== undefined ? value : otherwise, `${fn.logicalId}: EventInvokeConfig`)
  return {
    retries: read(config?.MaximumRetryAttempts, DEFAULT_RETRIES),
    maxAge: read(config?.MaximumEventAgeInSeconds, DEFAULT_MAX_AGE) * 1000,
    queueArn: onFailureOf(config?.DestinationConfig, fn, template),
  }
}

const isForEvents = (fn: Resource, template: Template): boolean =>
  template
    .ofType('AWS::Lambda::EventInvokeConfig')
    .some(({ properties }) => concerns(properties.FunctionName, fn))

function onFailureOf(config: Json | undefined, fn: Resource, template: Template): string | undefined {
  if (config === undefined) return undefined
  const { OnFailure, ...others } = object(config, `${fn.logicalId}: DestinationConfig`)
  const arn = object(OnFailure, `${fn.logicalId}: OnFailure`).Destination
  const queue = template.ofType('AWS::SQS::Queue').find((one) => one.arn === arn)
  if (queue?.arn === undefined || Object.keys(others).length > 0)
    throw new Error(`${fn.logicalId}: a destination other than a queue for failures is not known here`)
  return queue.arn
}
