// POST /v1/probes: a host submits its kernel's config and what it knows of itself.

import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { parseSubmission } from '../lib/api/body.ts'
import { submissionAnswerOf } from '../lib/api/submission.ts'
import { type SubmitPorts, submit } from '../lib/submit/submit.ts'
import { bodyOf, callerOf, problems, resultOf } from './runtime/http.ts'
import { kernels, locatePorts, store } from './runtime/ports.ts'

const ports: SubmitPorts = {
  ...locatePorts(),
  kernels: kernels(),
  inputs: store('inputsBucket'),
  sleep: (milliseconds) => sleep(milliseconds),
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .handler(async (event) => {
    const contentType = event.headers['content-type'] ?? ''
    const submission = await parseSubmission({ contentType, bytes: bodyOf(event) })
    return resultOf({
      tag: 'json',
      body: submissionAnswerOf(await submit(ports, submission, callerOf(event))),
    })
  })
