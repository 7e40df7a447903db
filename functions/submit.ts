// POST /v1/probes and /v1/verdicts: a host submits its kernel's config and what it knows of itself, or only asks what is said of it.

import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { ASKED, type Body, withSubmission } from '../lib/api/body.ts'
import { submissionAnswerOf, verdictsAnswerOf } from '../lib/api/submission.ts'
import { ProbeError, unreachable } from '../lib/model/errors.ts'
import type { PostedPath } from '../lib/names/routes.ts'
import { looked } from '../lib/submit/door.ts'
import { judge } from '../lib/submit/judge.ts'
import type { Submission } from '../lib/submit/submission.ts'
import { type SubmitPorts, submit } from '../lib/submit/submit.ts'
import { behind } from './runtime/edge.ts'
import { bodyOf, callerOf, problems, resultOf } from './runtime/http.ts'
import { edge, elapsed, holds, kernels, locatePorts, store } from './runtime/ports.ts'

const ports: SubmitPorts = {
  ...locatePorts(),
  kernels: kernels(),
  holds: holds(),
  inputs: store('inputsBucket'),
  elapsed,
  sleep: (milliseconds) => sleep(milliseconds),
}

function answered(path: PostedPath, sent: Body, caller: string): Promise<unknown> {
  switch (path) {
    case '/v1/probes':
      return withSubmission(sent, async (submission) =>
        submissionAnswerOf(await submit(ports, submission, caller)),
      )
    case '/v1/verdicts': {
      const said = (submission: Submission) => async () =>
        verdictsAnswerOf(await judge(ports.settings, submission))
      return withSubmission(sent, (submission) => looked(ports, submission, caller, said(submission)), ASKED)
    }
    default:
      return unreachable(path)
  }
}

/** The gateway sends nothing else here. */
function postedPath(path: string): PostedPath {
  if (path === '/v1/probes' || path === '/v1/verdicts') return path
  throw new ProbeError('not-found', 'nothing is posted to this path; /openapi.json tells what is where')
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(problems())
  .use(behind(edge(ports.settings)))
  .handler(async (event) => {
    const contentType = event.headers['content-type'] ?? ''
    const caller = callerOf(event, ports.settings)
    const sent = { contentType, bytes: bodyOf(event) }
    const body = await answered(postedPath(event.rawPath), sent, caller)
    return resultOf({ tag: 'json', body })
  })
