// POST /v1/probes and /v1/verdicts: a host submits its kernel's config and what it knows of itself, or only asks what is said of it.

import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { withSubmission } from '../lib/api/body.ts'
import { submissionAnswerOf, verdictsAnswerOf } from '../lib/api/submission.ts'
import { ProbeError } from '../lib/model/errors.ts'
import type { PostedPath } from '../lib/names/routes.ts'
import { looked } from '../lib/submit/door.ts'
import { judge } from '../lib/submit/judge.ts'
import type { Submission } from '../lib/submit/submission.ts'
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

const ANSWERS: Readonly<Record<PostedPath, (submission: Submission, caller: string) => Promise<unknown>>> = {
  '/v1/probes': async (submission, caller) => submissionAnswerOf(await submit(ports, submission, caller)),
  '/v1/verdicts': (submission, caller) =>
    looked(ports, submission, caller, async () => verdictsAnswerOf(await judge(ports.settings, submission))),
}

/** The gateway sends nothing else here. */
function postedPath(path: string): PostedPath {
  if (path === '/v1/probes' || path === '/v1/verdicts') return path
  throw new ProbeError('not-found', 'nothing is posted to this path; /openapi.json tells what is where')
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .handler(async (event) => {
    const contentType = event.headers['content-type'] ?? ''
    const caller = callerOf(event, ports.settings)
    const answer = ANSWERS[postedPath(event.rawPath)]
    const body = await withSubmission({ contentType, bytes: bodyOf(event) }, (submission) =>
      answer(submission, caller),
    )
    return resultOf({ tag: 'json', body })
  })
