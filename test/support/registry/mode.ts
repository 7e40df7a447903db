// How the registries of a file of tests are: as one machine has them, or as strict as AWS. The project `strict` of
// vitest.config.ts runs the same files in the other mode.

export const STRICT = process.env.TEST_STRICT === '1'

/** For `npm start --`. A fixed seed: the same faults at each run. */
export const STRICT_ARGS = ['--strict=promises']

/** Events come again in a tenth of the time that AWS takes: a promise that waits for one is not to wait for minutes. */
export const STRICT_ENV = { STRICT_PACE: '0.1' }

/**
 * Whether an answer is one of those that AWS gives now and then, and a client comes again for: a problem of the registry is
 * one only where it says so.
 */
export function passes(status: number, body: string): boolean {
  if (status !== 429 && status < 500) return false
  const code = /"code": *"([\w-]+)"/.exec(body)?.[1]
  return code === undefined || PASSING.includes(code)
}
const PASSING = ['being-built', 'internal-error', 'no-room', 'too-many-waits']
/** Seconds for which a client comes again. */
export const PATIENCE = 180

/** As a loader asks, which comes again where it is told to: options of curl. */
export const PATIENT = ['--retry', '8', '--retry-max-time', String(PATIENCE)]
