// The template's functions with their limits and permissions. Workers start when they are needed.

import { type Faults, NO_FAULTS } from '../faults.ts'
import { wildcard } from '../iam/policy.ts'
import type { Roles } from '../iam/roles.ts'
import type { Resource, Template } from '../template/template.ts'
import { type Json, number, object, string } from '../wire/json.ts'
import { type Clock, type Principal, REGION, type Sender } from '../wire/types.ts'
import { accountExecutions, type Executions, NEW_ACCOUNT } from './executions.ts'
import type { FunctionLog } from './function-log.ts'
import { createRunner, MB, type Outcome, RUNTIME_MB, type Runner } from './runner.ts'
import type { WorkerSetup } from './worker-protocol.ts'

/** A function under one of its names: unqualified, with a version number, or with an alias. */
export interface Fn {
  readonly name: string
  /** ends with the version or the alias; an unqualified function has neither */
  readonly arn: string
  /** `arn`, with `$LATEST` at the end if it is unqualified */
  readonly qualifiedArn: string
  /** the code that runs: `$LATEST` or a version number */
  readonly version: string
  /** retries of an asynchronous invocation; `maxAge`: milliseconds until its event is too old */
  readonly retries: number
  readonly maxAge: number
  /** the queue that gets a record of each event that is given up, and its sender: the function's role */
  readonly onFailure: { readonly queueArn: string; readonly sender: Sender } | undefined
  invoke(event: Json): Promise<Outcome>
  /** whether the template permits this service to invoke the function for this source */
  permits(service: string, sourceArn: string): boolean
}

export interface Functions {
  /** By name, `NAME:QUALIFIER` or ARN. Throws if it is unknown. */
  find(nameOrArn: string): Fn
  stop(): Promise<void>
}

interface FunctionsOptions {
  readonly template: Template
  readonly roles: Roles
  /** `AWS_ENDPOINT_URL_*` and similar variables, the same for every function */
  readonly endpoints: Readonly<Record<string, string>>
  readonly openLog: (functionName: string) => FunctionLog
  readonly now: Clock
  /** default: none */
  readonly faults?: Pick<Faults, 'environment'>
  /** concurrent executions of all functions together; default: the limit of a new account */
  readonly executions?: number | undefined
  /** whether each invocation gets its own worker with only its function's memory; default: many invocations share one worker */
  readonly apart?: boolean
  /** milliseconds without an invocation after which a worker ends */
  readonly idleMs?: number
  /** called with the result of each invocation */
  readonly onOutcome?: (functionName: string, tag: Outcome['tag']) => void
}

/** Long, so that a registry in use always has its workers: when four workers start together, every hit waits for a second. */
const IDLE_MS = 600_000
/** For a function that makes custom resources: after the stack has started, nobody calls it. */
const IDLE_ONCE_MS = 1000
/** One worker here serves many invocations and needs more heap; AWS runs a process for each. */
const LEAST_HEAP_MB = 512

export function createFunctions(options: FunctionsOptions): Functions {
  const resources = options.template.ofType('AWS::Lambda::Function')
  const kept = new Map(resources.flatMap(keptFor))
  const executionsOf = accountExecutions(options.executions ?? NEW_ACCOUNT, kept)
  const made = resources.map((it) => createFunction(it, executionsOf(it.name), options))
  const functions = made.flatMap(({ fns }) => fns)
  const find = (nameOrArn: string): Fn => {
    const found = functions.find(({ arn }) => isCalled(nameOrArn, arn))
    if (found === undefined) throw new Error(`function ${nameOrArn} is not in the template`)
    return found
  }
  for (const { properties, logicalId } of options.template.ofType('AWS::Lambda::Permission'))
    find(string(properties.FunctionName, `${logicalId}.FunctionName`))
  return {
    find,
    stop: async () => void (await Promise.all(made.map(({ stop }) => stop()))),
  }
}

const LATEST = '$LATEST'

/** By its ARN, or by the part of it after `function:`. */
const isCalled = (name: Json | undefined, arn: string): boolean =>
  typeof name === 'string' && (arn === name || arn.endsWith(`:function:${name}`))

function keptFor({ name, logicalId, properties }: Resource): [string, number][] {
  const kept = properties.ReservedConcurrentExecutions
  return kept === undefined ? [] : [[name, number(kept, `${logicalId}.ReservedConcurrentExecutions`)]]
}

function createFunction(resource: Resource, executions: Executions, options: FunctionsOptions) {
  const { template, roles, onOutcome = () => {} } = options
  const { properties, name } = resource
  const roleArn = string(properties.Role, `${resource.logicalId}.Role`)
  const assume = (lifeMs?: number) => roles.assume(roleArn, 'lambda.amazonaws.com', lifeMs)
  const log = options.openLog(name)
  const versions = versionsOf(resource, template)
  // Each version has its own runner, because the environment names the version. All share the function's executions.
  const runners = new Map<string, Runner>(
    [LATEST, ...versions].map((version) => [
      version,
      createRunner({ ...runnerOptions(resource, version, assume, options), executions, log }),
    ]),
  )
  const invokedBy = ({ qualifier, version }: Qualified): Fn => {
    const arn = qualifier === undefined ? resource.arn! : `${resource.arn}:${qualifier}`
    const permissions = permissionsOf(arn, template)
    const { retries, maxAge, queueArn } = invokeConfig(resource, qualifier ?? LATEST, template)
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
    stop: async () => void (await Promise.all([...runners.values()].map((runner) => runner.stop()))),
  }
}

interface Qualified {
  /** `undefined`: by the function's own name */
  readonly qualifier: string | undefined
  readonly version: string
}

/** Lambda makes no second version of unchanged code: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html */
function versionsOf(fn: Resource, template: Template): readonly string[] {
  const own = concerning(fn, 'AWS::Lambda::Version', template)
  if (own.length > 1) throw new Error(`${fn.logicalId}: two versions of one function are not known here`)
  return own.map(({ ref }) => ref.replace(/^.*:/, ''))
}

const aliasesOf = (fn: Resource, template: Template): readonly Qualified[] =>
  concerning(fn, 'AWS::Lambda::Alias', template).map(({ name: qualifier, properties, logicalId }) => ({
    qualifier,
    version: string(properties.FunctionVersion, `${logicalId}.FunctionVersion`),
  }))

type Assume = (lifeMs?: number) => Principal

/**
 * The credentials are fixed when an environment starts. They outlive the last request that the environment gets:
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
function runnerOptions(resource: Resource, version: string, assume: Assume, options: FunctionsOptions) {
  const { properties, logicalId, name } = resource
  const { template, now, faults = NO_FAULTS } = options
  const runtime = string(properties.Runtime, `${logicalId}.Runtime`)
  if (!runtime.startsWith('nodejs')) throw new Error(`${logicalId}: runtime ${runtime} is not known here`)
  const memoryMb = number(properties.MemorySize ?? 128, `${logicalId}.MemorySize`)
  const timeoutMs = number(properties.Timeout ?? 3, `${logicalId}.Timeout`) * 1000
  const own = { ...variables(resource), ...options.endpoints, ...(options.apart ? {} : ONE_PROCESS) }
  const ownMb = memoryMb - RUNTIME_MB
  const code = string(object(properties.Code, logicalId).S3Key, `${logicalId}.Code.S3Key`)
  const setup: WorkerSetup = {
    asset: template.asset(code),
    handler: string(properties.Handler, `${logicalId}.Handler`),
    functionName: name,
    functionVersion: version,
    memoryMb,
    mostBytes: options.apart ? ownMb * MB : undefined,
    isForEvents: concerning(resource, 'AWS::Lambda::EventInvokeConfig', template).length > 0,
  }
  return {
    setup,
    environment: () => {
      const ms = faults.environment()
      const role = assume(ms + timeoutMs)
      return { variables: { ...own, ...lambdaEnvironment(setup, role) }, until: now() + ms }
    },
    ...(options.apart
      ? { atOnce: 1, heapMb: ownMb }
      : { atOnce: Number.POSITIVE_INFINITY, heapMb: Math.max(memoryMb, LEAST_HEAP_MB) }),
    ...{ timeoutMs, now },
    idleMs: options.idleMs ?? (makesResources(resource, template) ? IDLE_ONCE_MS : IDLE_MS),
  }
}

function variables({ properties, logicalId }: Resource): Record<string, string> {
  if (properties.Environment === undefined) return {}
  const given = object(object(properties.Environment, logicalId).Variables ?? {}, logicalId)
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, string(value, `${logicalId}: variable ${name}`)]),
  )
}

/** AWS does not set this variable: there, each concurrent request runs in its own process. */
const ONE_PROCESS = { ONE_PROCESS: '1' }

const lambdaEnvironment = (setup: WorkerSetup, role: Principal): Record<string, string> => ({
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_ACCESS_KEY_ID: role.accessKeyId,
  AWS_SECRET_ACCESS_KEY: role.secretAccessKey,
  AWS_SESSION_TOKEN: role.sessionToken,
  AWS_LAMBDA_FUNCTION_NAME: setup.functionName,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(setup.memoryMb),
  AWS_LAMBDA_FUNCTION_VERSION: setup.functionVersion,
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  TZ: ':UTC',
})

const concerns = (name: Json | undefined, { name: own, arn }: Resource): boolean =>
  name === own || name === arn

/** The resources of this type that are about this function. */
const concerning = (fn: Resource, type: string, template: Template): Resource[] =>
  template.ofType(type).filter(({ properties }) => concerns(properties.FunctionName, fn))

const makesResources = (fn: Resource, template: Template): boolean =>
  template.custom().some(({ properties }) => concerns(properties.ServiceToken, fn))

/**
 * Permissions for exactly this ARN. A permission on the function does not apply to its alias, nor the reverse:
 * https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
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

/** Settings of exactly this qualifier, or Lambda's defaults: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html */
function invokeConfig(fn: Resource, qualifier: string, template: Template) {
  const {
    MaximumRetryAttempts = 2,
    MaximumEventAgeInSeconds = 6 * 60 * 60,
    DestinationConfig,
  } = concerning(fn, 'AWS::Lambda::EventInvokeConfig', template).find(
    ({ properties }) => (properties.Qualifier ?? LATEST) === qualifier,
  )?.properties ?? {}
  const where = `${fn.logicalId}: EventInvokeConfig`
  return {
    retries: number(MaximumRetryAttempts, where),
    maxAge: number(MaximumEventAgeInSeconds, where) * 1000,
    queueArn: onFailureOf(DestinationConfig, fn, template),
  }
}

function onFailureOf(config: Json | undefined, fn: Resource, template: Template): string | undefined {
  if (config === undefined) return undefined
  const { OnFailure, ...others } = object(config, `${fn.logicalId}: DestinationConfig`)
  const arn = object(OnFailure, `${fn.logicalId}: OnFailure`).Destination
  const queue = template.ofType('AWS::SQS::Queue').find((one) => one.arn === arn)
  if (queue?.arn === undefined || Object.keys(others).length > 0)
    throw new Error(`${fn.logicalId}: a destination other than a queue for failures is not known here`)
  return queue.arn
}
