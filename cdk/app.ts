// Synthesizes the stack: into CDK_OUTDIR, or cdk.out. Needs neither network nor credentials.

import { SettingsError } from './settings.ts'
import { synthesize } from './synthesize.ts'

try {
  synthesize({
    outdir: process.env.CDK_OUTDIR ?? 'cdk.out',
    bundles: '.build/functions',
    settingsFile: process.env.PROBE_SETTINGS,
    local: process.env.PROBE_LOCAL === '1',
  })
} catch (error) {
  if (!(error instanceof SettingsError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
