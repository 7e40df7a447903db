// What `npm run deploy` asks before it deploys: a deployment that would fail stops here, one that would be slow is only told of.
// Its arguments are those of `cdk deploy`, of which it takes the profile and the context value `settings`.

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

const say = (text: string): void => void process.stderr.write(`${printable(text)}\n`)

/** The exit status: 0 deploys. */
async function beforeDeploy(args: readonly string[]): Promise<0 | 1> {
  const judged = await askQuotas(accountOf(args))
  if (judged.every(({ tag }) => tag !== 'fails')) return 0
  if (process.env.PROBE_QUOTAS === 'warn') return 0
  say('nothing was deployed: an account with those quotas (FAILS) cannot run what these settings ask for')
  say('do what is said there, or deploy all the same by PROBE_QUOTAS=warn npm run deploy')
  return 1
}

try {
  process.exitCode = await beforeDeploy(process.argv.slice(2))
} catch (error) {
  say(`the account's quotas were not looked at, and the deployment goes on: ${whyUnasked(error)}`)
}
