// Sends an event to a Lambda function, as EventBridge does.

import { type ApiOptions, objectOf } from './json-api.ts'
import { signedPost } from './sigv4.ts'

/**
 * `functionName`: `NAME` or `NAME:ALIAS`. Resolves when Lambda has accepted the event (JSON); then the function gets it at least
 * once. Rejects with an Error that contains AWS's reason.
 */
export type Invoke = (functionName: string, event: string) => Promise<void>

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export function createInvoke({ endpoint, region, credentials, now }: ApiOptions): Invoke {
  const place = new URL(endpoint ?? `https://lambda.${region}.amazonaws.com`)
  return async (functionName, event) => {
    const [, name, qualifier] = /^([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9_-]{1,128}))?$/.exec(functionName) ?? []
    if (name === undefined) throw new Error(`${JSON.stringify(functionName)} is not a function's name`)
    const path = `/2015-03-31/functions/${name}/invocations`
    const query = qualifier === undefined ? '' : `Qualifier=${qualifier}`
    const url = new URL(query === '' ? path : `${path}?${query}`, place)
    const signing = { service: 'lambda', region, credentials: await credentials(), now: now() }
    const headers = {
      host: place.host,
      'content-type': 'application/json',
      'x-amz-invocation-type': 'Event',
    }
    const answer = await fetch(url, {
      ...{ method: 'POST', body: event, redirect: 'error' },
      headers: signedPost(signing, { headers, body: event, path, query }),
    })
    const text = await answer.text()
    if (answer.status === 202) return
    const { message, Message } = objectOf(text) ?? {}
    throw new Error(`${functionName} refuses the event: ${message ?? Message ?? text}`)
  }
}
