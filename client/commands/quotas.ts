// `probe-registry quotas`: checks whether an AWS account has the quotas that a deployment needs, and suggests
// fixes.

import { readLine, UsageError } from '../command-line.ts'
import { asOperator } from '../operator.ts'
import { askQuotas, whyUnasked } from '../quotas/ask.ts'

const USAGE = `Usage: probe-registry quotas [--region REGION] [--profile NAME] [--settings FILE]

Reads the account's quotas in a region with your AWS credentials, and compares them with the needs of a deployment with the
settings in FILE (without it: the defaults). For each quota it prints
  fits     the quota is enough
  SLOW     the registry works, but slower than its settings allow
  FAILS    the deployment or the registry would not work
  UNKNOWN  AWS does not have this quota in this region
and the command that requests more from AWS. \`npm run deploy\` runs this first, and stops if something FAILS.
The credentials need servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas.
Exit status: 0 everything fits; 1 something does not; 2 the command line is wrong, or AWS was not asked, with the reason.
`

const text = { type: 'string' } as const
const OPTIONS = { region: text, profile: text, settings: text, help: { type: 'boolean' } } as const

await asOperator('quotas', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  if (positionals.length > 0) throw new UsageError('it takes options only')
  const { region, profile, settings: settingsFile } = values
  const judged = await askQuotas({ region, profile, settingsFile }).catch((error: unknown) => {
    throw error instanceof UsageError ? error : new Error(whyUnasked(error), { cause: error })
  })
  return judged.every(({ tag }) => tag === 'fits') ? 0 : 1
})
