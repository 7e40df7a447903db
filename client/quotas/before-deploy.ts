// Checks the account before `npm run deploy`. It stops a deployment that would fail or ask a question without
// a terminal, and only warns about a slow one.
// It accepts the arguments of `cdk deploy`, and uses the profile and the context value `settings`.

import { parseArgs } from 'node:util'
import { printable } from '../operator.ts'
import { type Account, askQuotas, whyUnasked } from './ask.ts'

const OPTIONS = {
  profile: { type: 'string' },
  context: { type: 'string', short: 'c', multiple: true },
} as const

function accountOf(args: readonly string[]): Account {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: false })
  const settings = [values.context ?? []].flat().map(String).find(isSettings)
  return {
    region: undefined,
    profile: typeof values.profile === 'string' ? values.profile : undefined,
    settingsFile: process.env.PROBE_SETTINGS ?? settings?.slice(SETTINGS.length),
  }
}

const SETTINGS = 'settings='
const isSettings = (context: string): boolean => context.startsWith(SETTINGS)

/**
 * `cdk deploy` asks for confirmation before it adds permissions. Without a terminal it fails, possibly after
 * it deployed the first of two stacks:
 * https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html
 */
const wouldAskNobody = (args: readonly string[]): boolean =>
  process.stdin.isTTY !== true &&
  process.env.CDK_REQUIRE_APPROVAL === undefined &&
  !args.some((arg) => /^--require-approval(=|$)/.test(arg))

const say = (text: string): void => void process.stderr.write(`${printable(text)}\n`)

/** Returns the exit status; with 0 the deployment continues. */
async function beforeDeploy(args: readonly string[]): Promise<0 | 1> {
  if (wouldAskNobody(args)) {
    say('nothing was deployed: CDK asks before it adds permissions, and without a terminal nobody can answer')
    say('choose what it may do without a question, e.g. npm run deploy -- --require-approval never')
    return 1
  }
  const judged = await askQuotas(accountOf(args))
  if (judged.every(({ tag }) => tag !== 'fails')) return 0
  if (process.env.PROBE_QUOTAS === 'warn') return 0
  say(
    'nothing was deployed: with these quotas (FAILS), the account cannot run a registry with these settings',
  )
  say(
    'raise the quotas or change the settings as shown above, or deploy anyway: PROBE_QUOTAS=warn npm run deploy',
  )
  return 1
}

try {
  process.exitCode = await beforeDeploy(process.argv.slice(2))
} catch (error) {
  say(`the account's quotas were not looked at, and the deployment goes on: ${whyUnasked(error)}`)
}
