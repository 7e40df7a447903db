// `probe-registry quotas`: checks whether an AWS account has the quotas that a deployment needs, and suggests
// fixes.

import { readLine, UsageError } from '../command-line.ts'
import { asOperator } from '../operator.ts'
import { askQuotas, whyUnasked } from '../quotas/ask.ts'

const USAGE = `Usage: probe-registry quotas [--region REGION] [--profile NAME] [--settings FILE]

Reads with your AWS credentials what the account may have in a region, and tells for each quota that a deployment by the
settings of FILE needs (the defaults unless said otherwise) what is there and what is needed:
  fits     it is enough
  SLOW     it works, and slower than the settings allow
  FAILS    the deployment, or what it deploys, would not work
  UNKNOWN  AWS tells of no such quota in this region
with the command that asks AWS for more. \`npm run deploy\` looks first, and stops where something FAILS.
The credentials need servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas.
Exit status: 0 all of it fits; 1 something does not; 2 the command line is wrong, or AWS was not asked, and why.
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
