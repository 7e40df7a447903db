// Synthesizes the firewall before the registry, for `npm run deploy:firewall`. Needs neither network nor credentials.

import { synthesizeFirewall } from './firewall.ts'
import { SettingsError } from './settings.ts'

try {
  synthesizeFirewall({
    outdir: process.env.CDK_OUTDIR ?? '.build/firewall',
    settingsFile: process.env.PROBE_SETTINGS,
  })
} catch (error) {
  if (!(error instanceof SettingsError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
