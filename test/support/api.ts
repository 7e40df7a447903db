// Checks answers against the table of routes from which the OpenAPI document is generated.

import { ROUTES } from '../../lib/api/routes.ts'

export interface Answered {
  readonly method: 'get' | 'post'
  /** path of the table, e.g. `/v1/probes/{id}` */
  readonly path: string
  readonly status: number
  readonly type: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Throws if the document does not have this answer. */
export function conforms({ method, path, status, type, headers, body }: Answered): void {
  const route = ROUTES.find((r) => r.method === method && r.path === path)
  if (route === undefined) throw new Error(`the document has no ${method} ${path}`)
  const response = route.responses[status]
  if (response === undefined)
    throw new Error(`${method} ${path} may not answer ${status}: ${body.slice(0, 300)}`)
  for (const header of response.headers ?? []) {
    if (headers[header] === undefined) throw new Error(`${method} ${path} ${status} has no header ${header}`)
  }
  if (response.content === undefined) return
  const schema = response.content[type?.split(';')[0] ?? '']
  if (schema === undefined)
    throw new Error(
      `${method} ${path} ${status} is ${type}, not ${Object.keys(response.content).join(' or ')}`,
    )
  if (schema !== 'bytes') schema.parse(JSON.parse(body))
}
