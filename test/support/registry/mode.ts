// How the registries of a file of tests are: as one machine has them, or as strict as AWS. The project `strict` of
// vitest.config.ts runs the same files in the other mode.

export const STRICT = process.env.TEST_STRICT === '1'

/** For `npm start --`. A fixed seed: the same faults at each run. */
export const STRICT_ARGS = ['--strict=promises']

/** As a loader asks, which comes again where it is told to: options of curl. */
export const PATIENT = ['--retry', '8', '--retry-max-time', '180']
