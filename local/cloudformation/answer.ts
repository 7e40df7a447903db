// Validates the answer of a custom resource's function as CloudFormation does.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html

import { isObject, type JsonObject, parseObject } from '../wire/json.ts'

export type Answer =
  | { readonly tag: 'success'; readonly physicalId: string }
  /** `physicalId`: absent if the answer has none */
  | { readonly tag: 'failed'; readonly reason: string; readonly physicalId?: string }

/** Maximum bytes of the complete answer, and of its PhysicalResourceId. */
const MAX_ANSWER = 4096
const MAX_ID = 1024
/** Members that the answer must repeat from the request. */
const REPEATED = ['StackId', 'RequestId', 'LogicalResourceId']

/** Parses an answer. If it is invalid, the resource has failed. */
export function answerOf(body: Uint8Array, request: JsonObject): Answer {
  if (body.length > MAX_ANSWER)
    return failed(`Response object is too long: ${body.length} bytes, ${MAX_ANSWER} are taken`)
  const answer = parseObject(Buffer.from(body).toString())
  if (answer === undefined) return failed('Invalid response object: it is not a JSON object')
  const wrong = REPEATED.find((name) => answer[name] !== request[name])
  if (wrong !== undefined) return failed(`Invalid response object: ${wrong} is not the request's`)
  const { PhysicalResourceId: physicalId, Status, Reason, Data = {}, NoEcho = false } = answer
  if (typeof physicalId !== 'string' || physicalId === '' || Buffer.byteLength(physicalId) > MAX_ID)
    return failed(`Invalid PhysicalResourceId: it must be a string of 1 to ${MAX_ID} bytes`)
  if (!isObject(Data)) return failed('Invalid response object: Data must be an object', physicalId)
  if (typeof NoEcho !== 'boolean')
    return failed('Invalid response object: NoEcho must be true or false', physicalId)
  if (Status === 'SUCCESS') return { tag: 'success', physicalId }
  if (Status !== 'FAILED')
    return failed('Invalid response object: Status must be SUCCESS or FAILED', physicalId)
  const hasReason = typeof Reason === 'string' && Reason !== ''
  return failed(hasReason ? Reason : 'Invalid response object: it has no Reason', physicalId)
}

const failed = (reason: string, physicalId?: string): Answer => ({ tag: 'failed', reason, physicalId })
