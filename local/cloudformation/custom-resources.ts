// Creates and updates custom resources, and rolls back failed changes. It follows CloudFormation's protocol:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Functions } from '../lambda/lambda.ts'
import type { Resource, Template } from '../template/template.ts'
import { readBody } from '../wire/aws-json.ts'
import { sha256 } from '../wire/digest.ts'
import { readJson, writeJson } from '../wire/files.ts'
import { canonicalJson, type JsonObject, number, string } from '../wire/json.ts'
import { ACCOUNT, REGION, type Service } from '../wire/types.ts'
import { type Answer, answerOf } from './answer.ts'

interface CustomResources {
  /** Functions PUT their answers here: `{prefix}{token}`. */
  readonly service: Service
  /** Creates or updates all resources. Rejects with the reason if one fails, after its rollback. */
  apply(responseUrl: string): Promise<void>
}

interface CustomResourcesOptions {
  readonly template: Template
  readonly functions: Functions
  /** records of created resources and their properties */
  readonly dir: string
  /** path that receives the answers, e.g. `/cloudformation/` */
  readonly prefix: string
  readonly log: (line: string) => void
}

interface Physical {
  readonly physicalId: string
  readonly properties: JsonObject
}

interface Made extends Physical {
  readonly digest: string
  /** the resource that an update replaced, until it is deleted */
  readonly replaced?: Physical
}

interface Change {
  readonly resource: Resource
  readonly before: Made | undefined
  /** digest of the properties in the template */
  readonly digest: string
  send(request: JsonObject): Promise<Answer>
  /** the resource's record */
  readonly file: string
}

/** Bounds an answer in bytes. In AWS the URL leads to S3, which has no such limit. */
const MAX_BODY = 1024 * 1024

export function createCustomResources(options: CustomResourcesOptions): CustomResources {
  const { template, functions, log } = options
  const open = new Map<string, (body: Buffer) => void>()

  /** Accepts any body, like S3 behind such a URL in AWS. CloudFormation checks it later. */
  const service: Service = async (request, response) => {
    const answered = open.get((request.url ?? '').slice(options.prefix.length).split('?')[0]!)
    const body = await readBody(request, MAX_BODY).catch(() => undefined)
    const isTaken = request.method === 'PUT' && answered !== undefined && body !== undefined
    if (isTaken) answered(body)
    response.writeHead(isTaken ? 200 : 403).end()
  }

  async function applyOne(resource: Resource, responseUrl: string): Promise<void> {
    const file = join(options.dir, `${resource.logicalId}.json`)
    const before = readJson(file) as unknown as Made | undefined
    const digest = sha256(canonicalJson(resource.properties))
    const send: Change['send'] = (request) => ask(resource, request, responseUrl)
    const change = { resource, before, digest, send, file }
    const made = before?.digest === digest ? before : await make(change)
    if (made.replaced !== undefined) await removeReplaced(change, made)
  }

  /** A crash between the function's answer and the record repeats the request, which custom resources must support. */
  async function make(change: Change): Promise<Made> {
    const { resource, before, digest, send, file } = change
    const { logicalId, properties } = resource
    log(`${before === undefined ? 'creating' : 'updating'} ${logicalId}`)
    const answer = await send(changeRequest(resource, before, properties))
    if (answer.tag === 'failed') {
      await rollBack(change, answer)
      throw new Error(`${logicalId} failed: ${answer.reason}`)
    }
    const made = madeOf(answer.physicalId, properties, digest, before)
    writeJson(file, made)
    return made
  }

  /** A crash here leaves the old record: the next start tries the create or update again. */
  async function rollBack(
    { resource, before, send, file }: Change,
    { physicalId = unnamed(resource) }: Extract<Answer, { tag: 'failed' }>,
  ): Promise<void> {
    const { logicalId, properties } = resource
    log(`rolling back ${logicalId}`)
    const answer = await send(
      before === undefined
        ? deleteRequest(resource, { physicalId, properties })
        : changeRequest(resource, { physicalId: before.physicalId, properties }, before.properties),
    )
    if (answer.tag === 'failed') log(`${logicalId} was not rolled back: ${answer.reason}`)
    else if (before !== undefined) writeJson(file, { ...before, physicalId: answer.physicalId })
  }

  /** The update is valid even if this fails. A crash before the record is written repeats the request. */
  async function removeReplaced({ resource, send, file }: Change, { replaced, ...made }: Made) {
    const answer = await send(deleteRequest(resource, replaced!))
    if (answer.tag === 'failed') log(`the old ${resource.logicalId} was not deleted: ${answer.reason}`)
    writeJson(file, made)
  }

  /** A missing or invalid answer is a failure. */
  function ask(
    { logicalId, properties }: Resource,
    request: JsonObject,
    responseUrl: string,
  ): Promise<Answer> {
    const token = randomUUID()
    const seconds = number(properties.ServiceTimeout ?? 300, `${logicalId}.ServiceTimeout`)
    const fn = functions.find(string(properties.ServiceToken, `${logicalId}.ServiceToken`))
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const fail = (reason: string): void => resolve({ tag: 'failed', reason })
    const timer = setTimeout(() => fail(`no answer within ${seconds} seconds`), seconds * 1000)
    timer.unref()
    open.set(token, (body) => resolve(answerOf(body, request)))
    const url = `${responseUrl}${options.prefix}${token}`
    void fn.invoke({ ...request, ResponseURL: url }).then((outcome) => {
      if (outcome.tag !== 'answer') fail(outcome.tag === 'failed' ? outcome.message : outcome.tag)
    })
    return promise.finally(() => {
      clearTimeout(timer)
      open.delete(token)
    })
  }

  return {
    service,
    apply: async (responseUrl) => {
      for (const resource of template.custom()) await applyOne(resource, responseUrl)
    },
  }
}

/**
 * If the PhysicalResourceId changed, the update made a new resource, and the old one must be deleted:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes-update.html
 */
function madeOf(physicalId: string, properties: JsonObject, digest: string, before: Made | undefined): Made {
  const old = before?.physicalId === physicalId ? before.replaced : before
  const replaced = old && { physicalId: old.physicalId, properties: old.properties }
  return { physicalId, properties, digest, replaced }
}

/** CloudFormation's name for a resource if no answer names it. */
const unnamed = ({ logicalId }: Resource): string => `local-${logicalId}-${randomUUID().slice(0, 8)}`

const common = ({ logicalId, type }: Resource): JsonObject => ({
  StackId: `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/local/local`,
  RequestId: randomUUID(),
  ResourceType: type,
  LogicalResourceId: logicalId,
})

/** A request to create the resource or, if it exists, to update it. */
const changeRequest = (resource: Resource, before: Physical | undefined, properties: JsonObject) => ({
  ...common(resource),
  RequestType: before === undefined ? 'Create' : 'Update',
  PhysicalResourceId: before?.physicalId,
  ResourceProperties: properties,
  OldResourceProperties: before?.properties,
})

const deleteRequest = (resource: Resource, { physicalId, properties }: Physical): JsonObject => ({
  ...common(resource),
  RequestType: 'Delete',
  PhysicalResourceId: physicalId,
  ResourceProperties: properties,
})
