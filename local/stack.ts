// The synthesized stack, alive: every resource of the template, on two loopback ports and one folder.

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
import type { Clock, Principal, Principals, Service } from './wire/types.ts'

export interface StackOptions {
  /** folder of the cloud assembly, e.g. `cdk.out`; a function is called once the folder of data is ours */
  readonly assembly: string | (() => Promise<string>)
  /** all data; one stack at a time */
  readonly dataDir: string
  /** of the HTTP API and of S3; 0 takes a free one */
  readonly port: number
  readonly host?: string
  /** what every link that a client is given begins with; default `http://127.0.0.1:{port}` */
  readonly publicUrl?: string
  /** Where this user's build roots are, for all of his data folders; default: in this one */
  readonly roots?: RootPlaces
  readonly now?: Clock
  readonly log?: (line: string) => void
  /** bytes that are free on the disk of the data, or nothing new is built; default: nobody looks at that disk */
  readonly room?: number
  /** executions at one time, of all functions together; default: as many as a new account of AWS has */
  readonly executions?: number
  /** whether each invocation of a function has a process of its own, and its memory, as in AWS; default: many share one */
  readonly apart?: boolean
  /** builds that run at one time; default: one for two processors */
  readonly builders?: number
  /** where /healthz and /metrics are asked; by default nowhere */
  readonly metrics?: Address
  /** what AWS does now and then; by default nothing of it happens */
  readonly faults?: Faults
  /** how long events wait for their next try; by default as one machine has it */
  readonly pace?: Pace
  /** bytes of what can be fetched or made again, above which it is deleted; default: it all stays */
  readonly cacheRoom?: number
  /** called with each step of each probe */
  readonly tell?: (step: Step) => void
  /** called where the folder of data is taken away under it, with what to tell a person */
  readonly onLost?: (why: string) => void
}

export interface Stack {
  /** of the HTTP API, on this machine */
  readonly url: string
  /** what stands in the template and does nothing here: types, and properties as `type.property` */
  readonly inert: readonly string[]
  /** of /healthz and /metrics, where they are wanted */
  readonly metricsUrl: string | undefined
  /** whose credentials the functions have, and the environment that leads their clients to the services */
  readonly roles: Roles
  readonly endpoints: Readonly<Record<string, string>>
  /** Takes no request any more, and ends when those that are open were answered, or after some seconds. */
  drain(): Promise<void>
  stop(): Promise<void>
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Milliseconds for what is being downloaded when the stack stops. */
const DRAIN_MS = 7000
/** The bucket of build roots, by its logical id. */
const ROOTS = /^Roots[0-9A-F]{8}$/
const S3_PREFIX = '/s3'
const CUSTOM_PREFIX = '/cloudformation/'
/**
 * Of the public port: more at one time would only stand behind each other in a function. Who waits for a build holds
 * nothing up, and a download is a slow client's where it takes longer than from memory.
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

/** Rejects, with nothing left running, on an address or a folder that is taken and on what it does not know. */
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

/** What was opened last is closed first. */
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
  // First of all: a process inherits what is open when it starts.
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

  // The ports come first: the functions' environment names them.
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
    template,
    functions,
    deliveries,
    toQueue: (arn, message, rule) => queues.send(arn, message, roles.service('events.amazonaws.com', rule)),
    now,
    log,
    lacks: room.lacks,
    onEvent: story.event,
  })
  closers.push(events.stop)
  const scratch = scratchOf(dataDir)
  const codebuild = createCodeBuild({
    ...{
      template,
      roles,
      events,
      builder,
      now,
      log,
      faults,
      dir: inData('builds'),
      scratch,
      roots,
      store: storeOf(scratch),
    },
    concurrency: options.builders ?? Math.max(1, Math.floor(availableParallelism() / 2)),
  })
  closers.push(codebuild.stop)

  // Left by a process that died with the database open, of the time when an item and its index entries were written one by one.
  const torn = inData('dynamodb.open')
  const isTorn = existsSync(torn)
  // Indexes that are late may lack entries if this process dies: the next start rebuilds them, however it ends.
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
  const store = await listenOn(byPath([[S3_PREFIX, s3.service]], refuse), storeOf(scratch))
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
  back.open(
    byPath(
      [
        [S3_PREFIX, s3.service],
        [CUSTOM_PREFIX, custom.service],
        [
          INVOKE_PREFIX,
          createInvokeApi({
            ...{ functions, deliveries },
            authenticate: (request, body) => signedBy(request, body, 'lambda'),
          }),
        ],
      ],
      json,
    ),
  )
  await custom.apply(privateUrl)
  const api = byPath(
    [[S3_PREFIX, counted(s3.service, (status) => counts.answered(OWN_ROUTES.downloads, status))]],
    createHttpApi({
      template,
      functions,
      publicUrl,
      now,
      waiting,
      lacks: room.lacks,
      stopping: stopping.signal,
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

/** On disk, where TMPDIR may be memory, and open to the builds' user, where a home is not. */
const scratchOf = (dataDir: string): string => `/var/tmp/probe-registry-${sha256(dataDir).slice(0, 16)}`

/** The socket by which builds, that have no network, reach the store, and nothing else. */
const storeOf = (scratch: string): string => join(scratch, 'store.sock')

const refuse: Service = async (_, response) => void response.writeHead(404).end()

/** Tells of each answer when it is through, or broken off. */
const counted =
  (service: Service, told: (status: number) => void): Service =>
  (request, response) => {
    response.once('close', () => told(response.statusCode))
    return service(request, response)
  }

/** A service that has an address before it can answer: until then requests wait. */
function gate(): { service: Service; open(service: Service): void } {
  const { promise, resolve } = Promise.withResolvers<Service>()
  return { open: resolve, service: async (request, response) => (await promise)(request, response) }
}

/** `/s3` and what is below it, but not `/s3x`. */
function byPath(services: readonly (readonly [string, Service])[], otherwise: Service): Service {
  return (request, response) => {
    const path = request.url ?? ''
    const found = services.find(([prefix]) => path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`))
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

/** The credential's scope names the service that a request is for; each target has one. */
const SCOPES: Readonly<Record<string, string>> = {
  AmazonSQS: 'sqs',
  DynamoDB_20120810: 'dynamodb',
  AWSEvents: 'events',
  secretsmanager: 'secretsmanager',
  CodeBuild_20161006: 'codebuild',
}

type SignedBy = (request: IncomingMessage, body: Buffer, service: string) => Principal | undefined

function authenticator(principals: Principals, now: Clock): SignedBy {
  return ({ method = '', url = '', headers }, body, service) => {
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
