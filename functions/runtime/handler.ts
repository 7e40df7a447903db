// Makes the handler of a function behind the HTTP API.

import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Settings } from '../../lib/model/settings.ts'
import type { Answer } from '../../lib/serve/answer.ts'
import { behind } from './edge.ts'
import { below, problems, resultOf } from './http.ts'
import { edge } from './ports.ts'

export type HttpEvent = APIGatewayProxyEventV2

/** `prefix`: added to redirects, see `below`. */
export const httpHandler = (
  settings: Settings,
  prefix: string,
  answer: (event: HttpEvent) => Answer | Promise<Answer>,
) =>
  middy<HttpEvent, APIGatewayProxyStructuredResultV2>()
    .use(problems())
    .use(behind(edge(settings)))
    .use(below(prefix))
    .handler(async (event) => resultOf(await answer(event)))
