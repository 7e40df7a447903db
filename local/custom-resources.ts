// Custom resources: each created once, updated when its properties change, by the protocol of CloudFormation.

import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Functions } from './lambda/lambda.ts'
import type { Resource, Template } from './template/template.ts'
import { readBody } from './wire/aws-json.ts'
import { readJson, writeJson } from './wire/files.ts'
import { canonical, isObject, type Json, type JsonObject, number, string } from './wire/json.ts'
import { ACCOUNT, REGION, type Service } from './wire/types.ts'

export interface CustomResources {
  /** Where the functions answer: `{prefix}{token}`, by PUT. */
  readonly service: Service
  /** Creates or updates what has to be; rejects with the reason when one fails. */
  apply(responseUrl: string): Promise<void>
}

export interface CustomResourcesOptions {
  readonly template: Template
  readonly functions: Functions
  /** what was created, and with which properties */
  readonly dir: string
  /** path of the answers, e.g. `/cloudformation/` */
  readonly prefix: string
  readonly log: (line: string) => void
}

const MAX_ANSWER = 64 * 1024

export function createCustomResources(options: CustomResourcesOptions): CustomResources {
  const open = new Map<string, (answer: JsonObject) => void>()

  const service: Service = async (request, response) => {
    const answered = open.get((request.url ?? '').slice(options.prefix.length).split('?')[0]!)
    const body = await readBody(request, MAX_ANSWER).catch(() => undefined)
    const answer = body === undefined ? undefined : parse(body)
    if (request.method === 'PUT' && answered && answer) answered(answer)
    response.writeHead(answered && answer ? 200 : 403).end()
  }

  /** A crash between the function's answer and the record asks again: a custom resource bears that. */
  async function applyOne(resource: Resource, responseUrl: string): Promise<void> {
    const file = join(options.dir, `${resource.logicalId}.json`)
    const before = readJson(file)
    const digest = createHash('sha256').update(canonical(resource.properties)).digest('hex')
    if (before?.digest === digest) return
    options.log(`${before === undefined ? 'creating' : 'updating'} ${resource.logicalId}`)
    const token = randomUUID()
    const answer = await ask(resource, before, token, responseUrl).finally(() => open.delete(token))
    if (answer.Status !== 'SUCCESS') throw new Error(`${resource.logicalId} failed: ${String(answer.Reason)}`)
    const physicalId = string(answer.PhysicalResourceId, `${resource.logicalId}: PhysicalResourceId`)
    writeJson(file, { physicalId, digest, properties: resource.properties })
  }

  function ask(resource: Resource, before: JsonObject | undefined, token: string, responseUrl: string) {
    const { logicalId, properties } = resource
    const seconds = number(properties.ServiceTimeout ?? 300, `${logicalId}.ServiceTimeout`)
    return new Promise<JsonObject>((resolve, reject) => {
      const late = () => reject(new Error(`${logicalId}: no answer within ${seconds} seconds`))
      const timer = setTimeout(late, seconds * 1000)
      open.set(token, (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      const fn = options.functions.find(string(properties.ServiceToken, `${logicalId}.ServiceToken`))
      void fn
        .invoke(requestOf(resource, before, `${responseUrl}${options.prefix}${token}`))
        .then((outcome) => {
          if (outcome.tag === 'answer') return
          clearTimeout(timer)
          reject(new Error(`${logicalId}: ${outcome.tag === 'failed' ? outcome.message : outcome.tag}`))
        })
    })
  }

  return {
    service,
    apply: async (responseUrl) => {
      for (const resource of options.template.custom()) await applyOne(resource, responseUrl)
    },
  }
}

const requestOf = (resource: Resource, before: JsonObject | undefined, url: string): JsonObject => ({
  RequestType: before === undefined ? 'Create' : 'Update',
  ResponseURL: url,
  StackId: `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/local/local`,
  RequestId: randomUUID(),
  ResourceType: resource.type,
  LogicalResourceId: resource.logicalId,
  ResourceProperties: resource.properties,
  ...(before === undefined
    ? {}
    : { PhysicalResourceId: before.physicalId, OldResourceProperties: before.properties }),
})

function parse(body: Buffer): JsonObject | undefined {
  try {
    const answer = JSON.parse(body.toString('utf8')) as Json
    return isObject(answer) ? answer : undefined
  } catch {
    return undefined
  }
}
