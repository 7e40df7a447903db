// Reads a function's environment, and makes its ports from AWS clients, each when it is needed.

import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { CodeBuildClient } from '@aws-sdk/client-codebuild'
import { S3Client } from '@aws-sdk/client-s3'
import type * as z from 'zod'
import { createBudgets } from '../../lib/aws/budgets.ts'
import { createBuilder } from '../../lib/aws/builder.ts'
import { createBus } from '../../lib/aws/bus.ts'
import { byDigest } from '../../lib/aws/by-digest.ts'
import { createDynamoDb, type DynamoDb } from '../../lib/aws/dynamodb.ts'
import { createHolds } from '../../lib/aws/holds.ts'
import { createImages } from '../../lib/aws/images.ts'
import { type Api, createCall, DYNAMODB, EVENTS, SECRETS } from '../../lib/aws/json-api.ts'
import { createPlaces } from '../../lib/aws/places.ts'
import { createPointers } from '../../lib/aws/pointers.ts'
import { createPresigner } from '../../lib/aws/presign.ts'
import { createReads } from '../../lib/aws/presigned-reads.ts'
import { createIndex } from '../../lib/aws/probe-index.ts'
import { createCatalogue, createListDates, createSources } from '../../lib/aws/records.ts'
import { ENV } from '../../lib/aws/resources.ts'
import { readEdgeSecret, readSigningKey } from '../../lib/aws/secrets.ts'
import { settingsJson } from '../../lib/aws/settings-text.ts'
import { createStore } from '../../lib/aws/store.ts'
import { createKernels, recordedKernel } from '../../lib/inputs/kernels.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import { overlay } from '../../lib/model/overlay.ts'
import { jsonOf, parseOwn } from '../../lib/model/parse.ts'
import type { Log, Presigner, Store } from '../../lib/model/ports.ts'
import { SIGN_MILLISECONDS } from '../../lib/model/retry.ts'
import { BASE_DEFAULTS, baseSettings, type Settings } from '../../lib/model/settings.ts'
import { checkBuildable } from '../../lib/plan/buildable.ts'
import { countedHolds } from '../../lib/serve/counted-holds.ts'
import { createJoin } from '../../lib/serve/join.ts'
import { type PlaceOf, placeInQueue } from '../../lib/serve/queue-place.ts'
import { rememberExhausted, rememberRecorded } from '../../lib/serve/remembered.ts'
import type { LocatePorts, ResolvePorts } from '../../lib/serve/resolve.ts'
import { shareFor, shareReads } from '../../lib/serve/shared-reads.ts'
import { everyMilliseconds, giveSign, type Sign } from '../../lib/serve/sign-of-life.ts'
import { fromEnvironment } from './credentials.ts'
import type { Edge } from './edge.ts'

type Bucket = 'artifactsBucket' | 'stagingBucket' | 'inputsBucket' | 'rootsBucket'

/** @throws {ProbeError} `misconfigured`: the message names the variable. */
export function required(name: string): string {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  throw new ProbeError('misconfigured', `the environment variable ${name} is not set: the stack must set it`)
}

export const settings = (): Settings => settingsOf(baseSettings, BASE_DEFAULTS)

/** For functions with more settings. The operator's settings override `defaults`. */
export function settingsOf<T>(schema: z.ZodType<T>, defaults: T): T {
  const [what, hint] = [`the environment variable ${ENV.settings}`, 'the stack must set it']
  const own = jsonOf(settingsJson(required(ENV.settings)), what, hint)
  return parseOwn(schema, overlay(defaults, own), what, hint)
}

// Each service has one client, because each client has its own connections.
let dynamoClient: DynamoDb | undefined
let s3Client: S3Client | undefined

function dynamo(): DynamoDb {
  dynamoClient ??= createDynamoDb(callOf(DYNAMODB, process.env.AWS_ENDPOINT_URL_DYNAMODB))
  return dynamoClient
}

/** Reads the credentials once: new credentials come with a new process, and each read of the environment copies it. */
const ofRole = kept(fromEnvironment)

const callOf = (api: Api, endpoint: string | undefined) =>
  createCall(api, { endpoint, region: required('AWS_REGION'), credentials: ofRole, now: Date.now })

/** The local S3 endpoint supports path-style URLs only. */
function s3(): S3Client {
  s3Client ??= new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined })
  return s3Client
}

export const index = () => createIndex(dynamo(), required(ENV.probesTable), Date.now)
/** Milliseconds since this process started. */
export const elapsed = (): number => performance.now()
export const sleep = (milliseconds: number): Promise<void> => setTimeout(milliseconds)

/** In milliseconds. */
const REMEMBERED = 5000

export const budgets = () =>
  rememberExhausted(createBudgets(dynamo(), required(ENV.budgetsTable), Date.now), elapsed, REMEMBERED)
/** Counts in memory if one process answers all requests, as in the local registry: many requests wait, and reads are slow. */
export const holds = () =>
  process.env[ENV.oneProcess] === '1'
    ? countedHolds(Date.now)
    : createHolds(dynamo(), required(ENV.budgetsTable), Date.now)
export const places = () => createPlaces(dynamo(), required(ENV.budgetsTable), Date.now)
export const sources = () => createSources(dynamo(), required(ENV.sourcesTable))
export const listDates = () => createListDates(dynamo(), required(ENV.sourcesTable))
export const catalogue = () => createCatalogue(dynamo(), required(ENV.sourcesTable))
export const images = () => createImages(dynamo(), required(ENV.sourcesTable))
export const pointers = () => createPointers(dynamo(), required(ENV.sourcesTable))
export const store = (bucket: Bucket): Store => createStore(s3(), required(ENV[bucket]))
export const kernels = () => createKernels(store('inputsBucket'))
/** Reads kernels without loading an S3 client. */
const recordedKernels = (): LocatePorts['kernels'] => {
  const reads = createReads(internalUrls('inputsBucket'))
  return { recorded: (id) => recordedKernel(reads, id) }
}
export const bus = () =>
  createBus(callOf(EVENTS, process.env.AWS_ENDPOINT_URL_EVENTBRIDGE), required(ENV.eventBus))
export const builder = () =>
  createBuilder(new CodeBuildClient(), {
    build: { x86_64: required(ENV.projectX86_64), aarch64: required(ENV.projectAarch64) },
    'load-test': { x86_64: required(ENV.loadTestX86_64), aarch64: required(ENV.loadTestAarch64) },
  })

const secretsCall = () => callOf(SECRETS, process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER)

/** Reads the private key. */
export function signingKey(): () => Promise<string> {
  const call = secretsCall()
  return () => readSigningKey(call, required(ENV.signingKeySecret))
}

/**
 * The distribution in front of the API, if the settings have one. Reads its secrets once: a new secret changes the environment,
 * and so starts a new process.
 */
export function edge({ cloud }: Settings): Edge | undefined {
  if (cloud.edge.webAcl === undefined) return undefined
  const call = secretsCall()
  const ids = required(ENV.edgeSecrets).split(',')
  return {
    secrets: kept(() => Promise.all(ids.map((id) => readEdgeSecret(call, id)))),
    direct: cloud.edge.direct,
  }
}

/** Reads once. After an error, the next call reads again. */
function kept<T>(read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined
  return () => {
    value ??= read().catch((error: unknown) => {
      value = undefined
      throw error
    })
    return value
  }
}

/** Makes URLs for builds and for the registry itself. */
export const internalUrls = (bucket: Bucket): Presigner => presigner(bucket, process.env.AWS_ENDPOINT_URL_S3)
/** Makes URLs for clients, which may reach S3 at another address. */
export const clientUrls = (bucket: Bucket): Presigner =>
  presigner(bucket, process.env.AWS_ENDPOINT_URL_S3_PUBLIC ?? process.env.AWS_ENDPOINT_URL_S3)

/** Makes URLs of published probes: presigned ones, or ones of the distribution in front of the API. */
export function downloads({ cloud }: Settings): Presigner {
  const signed = clientUrls('artifactsBucket')
  return cloud.edge.distribution === undefined ? signed : byDigest(signed)
}

const presigner = (bucket: Bucket, endpoint: string | undefined): Presigner =>
  createPresigner({
    endpoint,
    bucket: required(ENV[bucket]),
    region: required('AWS_REGION'),
    credentials: ofRole,
    now: Date.now,
  })

/** Lambda writes an object as one line of JSON. */
export const log: Log = (event, fields = {}) => console.log({ event, ...fields })

/** Records signs of life of waiting clients. */
export function signs(): Sign {
  const isTime = everyMilliseconds(SIGN_MILLISECONDS, elapsed)
  const ports = { index: index(), bus: bus(), now: Date.now, log, isTime }
  return (key, state) => giveSign(ports, key, state)
}

/** Reads the queue at most once a second, however many clients ask. */
export function placesInQueue(settings: Settings): PlaceOf {
  const open = shareFor(index().open, elapsed, 1000)
  const ports = { index: { open }, places: places(), now: Date.now, settings }
  return (key) => placeInQueue(ports, key)
}

export function resolvePorts(): ResolvePorts {
  const ports = locatePorts()
  return {
    ...ports,
    artifacts: downloads(ports.settings),
    staging: clientUrls('stagingBucket'),
    placeOf: placesInQueue(ports.settings),
  }
}

export function locatePorts(): LocatePorts {
  const current = settings()
  const probes = index()
  return {
    index: { ...probes, ...shareReads(probes, elapsed) },
    join: createJoin(),
    kernels: recordedKernels(),
    sources: rememberRecorded(sources(), elapsed, REMEMBERED),
    catalogue: catalogue(),
    budgets: budgets(),
    bus: bus(),
    now: Date.now,
    newId: randomUUID,
    settings: current,
    check: (asked) => checkBuildable(current, asked),
  }
}
