// A problem as the registry's functions tell it (RFC 9457), of what never came to one of them.

export interface Problem {
  readonly status: 403 | 421 | 503
  readonly code: string
  readonly title: string
  /** what to do */
  readonly detail: string
}

interface ProblemAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The connection ends with it: a body that follows is not read, and a stack that stops waits for nobody. */
export function problemAnswer(
  { code, ...told }: Problem,
  headers: Readonly<Record<string, string>> = {},
): ProblemAnswer {
  const problem = { type: `urn:probe-registry:problem:${code}`, ...told, code }
  return {
    status: told.status,
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
