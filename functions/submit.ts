// Answers POST /v1/probes and /v1/verdicts: a host submits its kernel's config and facts, or only has them checked.

import { ASKED, type Body, withSubmission } from '../lib/api/body.ts'
import { submissionAnswerOf, verdictsAnswerOf } from '../lib/api/submission.ts'
import { ProbeError, unreachable } from '../lib/model/errors.ts'
import type { PostedPath } from '../lib/names/routes.ts'
import { looked } from '../lib/submit/door.ts'
import { judge } from '../lib/submit/judge.ts'
import type { Submission } from '../lib/submit/submission.ts'
import { type SubmitPorts, submit } from '../lib/submit/submit.ts'
import { httpHandler } from './runtime/handler.ts'
import { bodyOf, callerOf } from './runtime/http.ts'
import { elapsed, holds, kernels, locatePorts, sleep, store } from './runtime/ports.ts'

const ports: SubmitPorts = {
  ...locatePorts(),
  kernels: kernels(),
  holds: holds(),
  inputs: store('inputsBucket'),
  elapsed,
  sleep,
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

/** The gateway routes only these two paths to this function. */
function postedPath(path: string): PostedPath {
  if (path === '/v1/probes' || path === '/v1/verdicts') return path
  throw new ProbeError('not-found', 'nothing is posted to this path; /openapi.json lists all paths')
}

export const handler = httpHandler(ports.settings, '', async (event) => {
  const sent = { contentType: event.headers['content-type'] ?? '', bytes: bodyOf(event) }
  const caller = callerOf(event, ports.settings)
  return { tag: 'json', body: await answered(postedPath(event.rawPath), sent, caller) }
})
