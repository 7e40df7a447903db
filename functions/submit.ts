// POST /v1/probes: a host submits its kernel's config and what it knows of itself.

import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { withSubmission } from '../lib/api/body.ts'
import { submissionAnswerOf } from '../lib/api/submission.ts'
import { type SubmitPorts, submit } from '../lib/submit/submit.ts'
import { bodyOf, callerOf, problems, resultOf } from './runtime/http.ts'
import { holds, kernels, locatePorts, store } from './runtime/ports.ts'

const ports: SubmitPorts = {
  ...locatePorts(),
  kernels: kernels(),
  holds: holds(),
  inputs: store('inputsBucket'),
  sleep: (milliseconds) => sleep(milliseconds),
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .handler(async (event) => {
    const contentType = event.headers['content-type'] ?? ''
    const caller = callerOf(event, ports.settings)
    const submitted = await withSubmission({ contentType, bytes: bodyOf(event) }, (submission) =>
      submit(ports, submission, caller),
    )
    return resultOf({ tag: 'json', body: submissionAnswerOf(submitted) })
  })
