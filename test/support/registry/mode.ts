// Chooses how strict a test's registry is: like one machine, or like AWS. The project `strict` of vitest.config.ts runs the
// same files in the strict mode.

export const STRICT = process.env.TEST_STRICT === '1'

/** For `npm start --`. The seed is fixed, so each run has the same faults. */
export const STRICT_ARGS = ['--strict=promises']

const SAME_FOR_ALL = 'its plans differ, and what AWS does is the same for each distribution: main-job has it'
const NO_REGISTRY = 'it starts no registry by `npm start`'
const ONCE =
  'its clients do not come again where AWS fails now and then, and miss a probe as they would in AWS'
/**
 * The files of test/e2e that the project `strict` leaves out, and why; it runs all others, except the files that only
 * `npm run test:long` runs: these are more of the same kind.
 */
export const NOT_STRICT: Readonly<Record<string, string>> = {
  api: 'it holds each single answer against the document, and those of AWS itself are not in that',
  arch: SAME_FOR_ALL,
  'bad-roots': NO_REGISTRY,
  'build-command':
    'it compares what a command builds with what a registry has built, which the other files have',
  crash: 'it is about the folder of data of one machine, which is killed in the middle',
  'debian-family': SAME_FOR_ALL,
  digests: NO_REGISTRY,
  'driver-sources': SAME_FOR_ALL,
  'exact-compilers': SAME_FOR_ALL,
  'first-root': NO_REGISTRY,
  flatcar: SAME_FOR_ALL,
  grants: 'it takes grants away one by one from a stack of its own: policies are in force in either mode',
  loaders: ONCE,
  proxy: SAME_FOR_ALL,
  readme: NO_REGISTRY,
  rpm: SAME_FOR_ALL,
  strict: 'it is strict by itself',
  ubuntu: SAME_FOR_ALL,
  vm: ONCE,
}

/** Repeated events arrive in a tenth of AWS's time, so that a test does not wait for them for minutes. */
export const STRICT_ENV = { STRICT_PACE: '0.1' }

/**
 * Whether AWS gives such an answer now and then, so that a client retries. A problem from the registry counts only if its code
 * is in PASSING.
 */
export function passes(status: number, body: string): boolean {
  if (status !== 429 && status < 500) return false
  const code = /"code": *"([\w-]+)"/.exec(body)?.[1]
  return code === undefined || PASSING.includes(code)
}
const PASSING = ['being-built', 'internal-error', 'no-room', 'too-many-waits']
/** Seconds for which a client retries. */
export const PATIENCE = 180

/** curl's options for a client that retries as the registry asks, like a loader. */
export const PATIENT = ['--retry', '8', '--retry-max-time', String(PATIENCE)]
