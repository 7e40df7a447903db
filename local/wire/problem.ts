// Makes problem responses (RFC 9457), in the registry's format, for requests that no function handles.

export interface Problem {
  readonly status: 403 | 421 | 503
  readonly code: string
  readonly title: string
  /** the advice for the client */
  readonly detail: string
}

/** Closes the connection, so that a request body is not read, and a stack that stops does not wait. */
export function problemAnswer({ code, ...others }: Problem, headers: Readonly<Record<string, string>> = {}) {
  const problem = { type: `urn:probe-registry:problem:${code}`, ...others, code }
  return {
    status: others.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      connection: 'close',
      ...headers,
    },
    body: Buffer.from(`${JSON.stringify(problem, undefined, 2)}\n`),
  }
}
