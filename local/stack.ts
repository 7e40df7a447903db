// Runs the synthesized stack: every resource of the template, on two ports and one data folder.

import { existsSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type Caches, createCaches } from './caches.ts'
import { createCustomResources } from './cloudformation/custom-resources.ts'
import { startBuilder } from './codebuild/builder.ts'
import { createCodeBuild } from './codebuild/codebuild.ts'
import { ownScratch } from './codebuild/sandbox.ts'
import { createDynamoDb } from './dynamodb/dynamodb.ts'
import { createEvents } from './events/events.ts'
import { type Faults, NO_FAULTS } from './faults.ts'
import { createHttpApi } from './http-api/http-api.ts'
import { createWaiting, isWait } from './http-api/waiting.ts'
import { createRoles, type Roles } from './iam/roles.ts'
import { verifyRequest } from './iam/sigv4.ts'
import { SignatureError } from './iam/sigv4-claim.ts'
import { createDeliveries } from './lambda/deliveries.ts'
import { openFunctionLog } from './lambda/function-log.ts'
import { createInvokeApi, INVOKE_PREFIX } from './lambda/invoke-api.ts'
import { createFunctions } from './lambda/lambda.ts'
import { OF_ONE_MACHINE, type Pace } from './lambda/pace.ts'
import { createCounts, OWN_ROUTES } from './metrics/counts.ts'
import { type Address, openWatch } from './metrics/watch.ts'
import { createOperator } from './operator.ts'
import { roomUnwatched, watchRoom } from './room.ts'
import { type RootPlaces, rootsCache } from './roots.ts'
import { cachedBuckets, cachesOf } from './s3/cached.ts'
import { expirationsOf } from './s3/lifecycle.ts'
import { createS3 } from './s3/s3.ts'
import { createSecrets } from './secrets.ts'
import { createQueues } from './sqs/sqs.ts'
import { openDataFolder } from './start/data-folder.ts'
import { createStory, type Step } from './story/story.ts'
import { inertIn } from './template/inert.ts'
import { loadTemplate } from './template/template.ts'
import { AwsError, createAwsJson } from './wire/aws-json.ts'
import { sha256 } from './wire/digest.ts'
import { behindDoor } from './wire/door.ts'
import { remove } from './wire/files.ts'
import { listen, listenOn } from './wire/server.ts'
import { inTurns } from './wire/turns.ts'
import type { Clock, Principals, Service } from './wire/types.ts'

export interface StackOptions {
  /** folder of the cloud assembly, e.g. `cdk.out`, or a function that makes it; it is called when the data folder is locked */
  readonly assembly: string | (() => Promise<string>)
  /** folder of all data, for one stack at a time */
  readonly dataDir: string
  /** port of the HTTP API and of S3; 0 selects a free one */
  readonly port: number
  readonly host?: string
  /** beginning of every link for clients; default `http://127.0.0.1:{port}` */
  readonly publicUrl?: string
  /** folders of the build roots, which this user's stacks share; default: in this data folder */
  readonly roots?: RootPlaces
  readonly now?: Clock
  readonly log?: (line: string) => void
  /** bytes that must be free on the data's disk for new builds; default: the disk is not watched */
  readonly room?: number
  /** concurrent executions of all functions together; default: the limit of a new AWS account */
  readonly executions?: number
  /** whether each invocation gets its own worker with its function's memory, as in AWS; default: many share one */
  readonly apart?: boolean
  /** maximum concurrent builds; default: one for two processors */
  readonly builders?: number
  /** address of /healthz and /metrics; default: none */
  readonly metrics?: Address
  /** simulated faults of AWS; default: none */
  readonly faults?: Faults
  /** delays before events are retried; default: those for one machine */
  readonly pace?: Pace
  /** maximum bytes of data that can be fetched or made again; the rest is deleted; default: no limit */
  readonly cacheRoom?: number
  /** called for each step of each probe */
  readonly tell?: (step: Step) => void
  /** called if the data folder is removed while the stack runs, with a message for the operator */
  readonly onLost?: (why: string) => void
}

export interface Stack {
  /** URL of the HTTP API on this machine */
  readonly url: string
  /** parts of the template that have no effect here: types, and properties as `type.property` */
  readonly inert: readonly string[]
  /** URL of /healthz and /metrics, if they are enabled */
  readonly metricsUrl: string | undefined
  /** the roles with the functions' credentials; `endpoints`: environment variables that lead their clients to the services */
  readonly roles: Roles
  readonly endpoints: Readonly<Record<string, string>>
  /** Accepts no more requests. Resolves when the open ones are answered, or after DRAIN_MS. */
  drain(): Promise<void>
  stop(): Promise<void>
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Milliseconds for running downloads when the stack stops. */
const DRAIN_MS = 7000
/** Matches the logical id of the bucket of build roots. */
const ROOTS = /^Roots[0-9A-F]{8}$/
const S3_PREFIX = '/s3'
const CUSTOM_PREFIX = '/cloudformation/'
/**
 * Limits of the public port: more concurrent requests would only queue in a function. A long poll does not delay others. If a
 * download takes longer than a read from memory, its client is slow.
 */
const TURNS = {
  atOnce: 64,
  headStart: (path: string) =>
    isWait(path)
      ? { ms: 1, mostMs: 1 }
      : path.startsWith(S3_PREFIX)
        ? { ms: 10, mostMs: 10 }
        : { ms: 50, mostMs: 1000 },
}

/** If it rejects, nothing is left running. Reasons: an address or folder in use, or unknown parts of the template. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const closers: Closer[] = []
  try {
    return await start(options, closers)
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

type Closer = () => void | Promise<void>

/** Closes in reverse order of opening. */
async function closeAll(closers: Closer[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close()
}

async function start(options: StackOptions, closers: Closer[]): Promise<Stack> {
  const {
    assembly,
    host = '127.0.0.1',
    now = Date.now,
    log = () => {},
    onLost = () => {},
    tell = () => {},
    faults = NO_FAULTS,
    pace = OF_ONE_MACHINE,
  } = options
  // First, because a process inherits everything that is open when it starts.
  const builder = startBuilder()
  closers.push(builder.stop)
  const { dir: dataDir, isThere, close } = openDataFolder({ dir: options.dataDir, log, onLost })
  closers.push(close)
  const cached = Promise.withResolvers<Caches>()
  const room =
    options.room === undefined
      ? roomUnwatched(dataDir)
      : watchRoom({
          ...{ dir: dataDir, needed: options.room, log },
          free: async (isEnough) => tellFreed(log, await (await cached.promise).free(dataDir, isEnough)),
        })
  closers.push(room.close)
  const inData = (name: string): string => join(dataDir, name)
  const roots = options.roots ?? { objects: inData('roots-bucket'), unpacked: inData('roots') }

  // Open the ports first, because the functions' environment contains them.
  const front = gate()
  const publicServer = await listen(front.service, { host, port: options.port })
  closers.push(publicServer.close)
  const stopping = new AbortController()
  const watch = await openWatch({
    ...{ address: options.metrics, front: { host, port: publicServer.port } },
    ...{ lacks: room.lacks, isThere },
  })
  closers.push(watch.close)
  const back = gate()
  const privateServer = await listen(back.service, { host: '127.0.0.1', port: 0 })
  closers.push(privateServer.close)
  const url = `http://127.0.0.1:${publicServer.port}`
  const publicUrl = options.publicUrl ?? url
  const privateUrl = `http://127.0.0.1:${privateServer.port}`

  const folder = typeof assembly === 'string' ? assembly : await assembly()
  const template = loadTemplate(folder, { publicUrl })
  const roles = createRoles(template, now)
  const operator = createOperator(template, inData('operator.json'), privateUrl)
  closers.push(() => operator?.close())
  const principals: Principals = (id) =>
    id === operator?.principal.accessKeyId ? operator.principal : roles.principals(id)
  const endpoints = endpointsOf(privateUrl, publicUrl)
  const waiting = createWaiting()
  const counts = createCounts(template.ofType('AWS::Lambda::Function').map(({ name }) => name))
  const step = (told: Step): void => {
    counts.step(told)
    tell(told)
  }
  const story = createStory({ now, elapsed: () => performance.now(), waiting: waiting.count, tell: step })
  const openLog = (name: string) => openFunctionLog(inData('logs'), name, story.logged)
  const functions = createFunctions({
    ...{ template, roles, endpoints, openLog, now, faults },
    ...{ onOutcome: counts.invoked, executions: options.executions, apart: options.apart ?? false },
  })
  closers.push(functions.stop)
  const queues = createQueues({ dir: inData('queues'), template, now, log })
  const deliveries = createDeliveries({ dir: inData('events'), functions, queues, now, log, faults, pace })
  closers.push(deliveries.stop)
  const events = createEvents({
    ...{ template, functions, deliveries, now, log, lacks: room.lacks, onEvent: story.event },
    toQueue: (arn, message, rule) => queues.send(arn, message, roles.service('events.amazonaws.com', rule)),
  })
  closers.push(events.stop)
  const scratch = scratchOf(dataDir)
  const codebuild = createCodeBuild({
    ...{ template, roles, events, builder, now, log, faults, scratch, roots },
    ...{ dir: inData('builds'), store: storeOf(scratch) },
    concurrency: options.builders ?? Math.max(1, Math.floor(availableParallelism() / 2)),
  })
  closers.push(codebuild.stop)

  // Older software wrote an item and its index entries separately. It left this file if it died with the database open.
  const torn = inData('dynamodb.open')
  const isTorn = existsSync(torn)
  // With faults, index entries are delayed and lost if this process dies. So the next start must always rebuild the indexes.
  if (faults !== NO_FAULTS) writeFileSync(torn, '')
  const dynamodb = await createDynamoDb({
    ...{ dir: inData('dynamodb'), torn: isTorn, template, now, log, faults },
    onWhole: () => {
      if (faults === NO_FAULTS) remove(torn)
    },
  })
  closers.push(dynamodb.close)
  const buckets = template.ofType('AWS::S3::Bucket')
  const shared = Object.fromEntries(
    buckets.filter(({ logicalId }) => ROOTS.test(logicalId)).map(({ name }) => [name, roots.objects]),
  )
  const onError = (error: unknown) => log(`s3: ${error instanceof Error ? error.message : String(error)}`)
  const s3 = createS3({
    ...{ dir: inData('s3'), buckets: buckets.map(({ name }) => name), shared },
    ...{ prefix: S3_PREFIX, principals, now, faults, onError, expirations: expirationsOf(buckets) },
    cached: [...cachedBuckets(buckets), ...Object.keys(shared)],
  })
  const caches = createCaches({
    caches: [...cachesOf(s3, buckets), rootsCache(roots)],
    bound: options.cacheRoom ?? Number.POSITIVE_INFINITY,
    now,
  })
  cached.resolve(caches)
  ownScratch(scratch)
  const store = await listenOn(byPath({ [S3_PREFIX]: s3.service }, refuse), storeOf(scratch))
  closers.push(store.close)
  const custom = createCustomResources({
    ...{ template, functions, log },
    ...{ dir: inData('custom-resources'), prefix: CUSTOM_PREFIX },
  })
  const signedBy = authenticator(principals, now)
  const json = createAwsJson({
    authenticate: (request, body) =>
      signedBy(request, body, SCOPES[String(request.headers['x-amz-target']).split('.')[0]!] ?? ''),
    services: {
      AmazonSQS: queues.operations,
      DynamoDB_20120810: dynamodb.service,
      AWSEvents: events.operations,
      secretsmanager: createSecrets({ dir: inData('secrets'), template, now }),
      CodeBuild_20161006: codebuild.operations,
    },
  })
  const invoke = createInvokeApi({
    ...{ functions, deliveries },
    authenticate: (request, body) => signedBy(request, body, 'lambda'),
  })
  const services = { [S3_PREFIX]: s3.service, [CUSTOM_PREFIX]: custom.service, [INVOKE_PREFIX]: invoke }
  back.open(byPath(services, json))
  await custom.apply(privateUrl)
  const api = byPath(
    { [S3_PREFIX]: counted(s3.service, (status) => counts.answered(OWN_ROUTES.downloads, status)) },
    createHttpApi({
      ...{ template, functions, publicUrl, now, waiting, lacks: room.lacks, stopping: stopping.signal },
      onAnswer: (route = OWN_ROUTES.none, status) => counts.answered(route, status),
    }),
  )
  const onRefusal = (status: number): void => counts.answered(OWN_ROUTES.door, status)
  front.open(behindDoor(inTurns(api, TURNS), { host, port: publicServer.port, publicUrl, onRefusal }))

  codebuild.recover()
  deliveries.recover()
  events.startSchedules()
  const expire = (): void => {
    const trimmed = options.cacheRoom === undefined ? undefined : caches.trim()
    for (const expired of [dynamodb.expire(), s3.expire(), trimmed?.then((bytes) => tellFreed(log, bytes))])
      expired?.catch((error: unknown) => log(`expired data could not be deleted: ${String(error)}`))
  }
  const expiry = [setTimeout(expire, MINUTE), setInterval(expire, HOUR)]
  closers.push(() => {
    for (const timer of expiry) clearInterval(timer)
  })
  watch.running({
    counts: counts.metrics,
    standing: () => ({
      waiting: waiting.total(),
      builds: { ...codebuild.counts(), queued: story.queued() },
      failedEvents: queues.count(),
      disk: { free: room.free(), needed: room.needed },
    }),
  })
  return {
    ...{ url, roles, endpoints },
    inert: inertIn(template),
    metricsUrl: watch.url,
    drain: () => {
      watch.stopping()
      stopping.abort()
      return publicServer.drain(DRAIN_MS)
    },
    stop: () => closeAll(closers),
  }
}

function tellFreed(log: (line: string) => void, bytes: number): void {
  if (bytes > 0)
    log(`${Math.ceil(bytes / 1e6)} MB of the least recently used cache were deleted (CACHE_ROOM)`)
}

/** On disk, because TMPDIR may be in memory. Builds run as another user, who can enter it, unlike a home. */
const scratchOf = (dataDir: string): string => `/var/tmp/probe-registry-${sha256(dataDir).slice(0, 16)}`

/** The socket through which builds reach the store. It is the only service that they can reach. */
const storeOf = (scratch: string): string => join(scratch, 'store.sock')

const refuse: Service = async (_, response) => void response.writeHead(404).end()

/** Reports the status of each answer when it has ended or was aborted. */
const counted =
  (service: Service, told: (status: number) => void): Service =>
  (request, response) => {
    response.once('close', () => told(response.statusCode))
    return service(request, response)
  }

/** A service that listens before it can answer. Until `open`, requests wait. */
function gate(): { service: Service; open(service: Service): void } {
  const { promise, resolve } = Promise.withResolvers<Service>()
  return { open: resolve, service: async (request, response) => (await promise)(request, response) }
}

/** A prefix `/s3` covers the paths below it, but not `/s3x`. */
function byPath(services: Readonly<Record<string, Service>>, otherwise: Service): Service {
  const all = Object.entries(services)
  return (request, response) => {
    const path = request.url ?? ''
    const found = all.find(([prefix]) => path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`))
    return (found?.[1] ?? otherwise)(request, response)
  }
}

const endpointsOf = (privateUrl: string, publicUrl: string): Record<string, string> => ({
  AWS_ENDPOINT_URL_CODEBUILD: privateUrl,
  AWS_ENDPOINT_URL_DYNAMODB: privateUrl,
  AWS_ENDPOINT_URL_EVENTBRIDGE: privateUrl,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: privateUrl,
  AWS_ENDPOINT_URL_S3: `${privateUrl}${S3_PREFIX}`,
  AWS_ENDPOINT_URL_S3_PUBLIC: `${publicUrl}${S3_PREFIX}`,
})

/** The name of each target's service in the scope of a credential. */
const SCOPES: Readonly<Record<string, string>> = {
  AmazonSQS: 'sqs',
  DynamoDB_20120810: 'dynamodb',
  AWSEvents: 'events',
  secretsmanager: 'secretsmanager',
  CodeBuild_20161006: 'codebuild',
}

/** The result returns `undefined` if the signature is not valid. */
function authenticator(principals: Principals, now: Clock) {
  return ({ method = '', url = '', headers }: IncomingMessage, body: Buffer, service: string) => {
    const bodySha256 = sha256(body)
    try {
      return verifyRequest({ method, url, headers, bodySha256 }, { principals, now, service }).principal
    } catch (error) {
      // https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
      if (error instanceof SignatureError && error.code === 'ExpiredToken')
        throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired')
      return undefined
    }
  }
}
