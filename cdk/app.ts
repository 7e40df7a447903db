// Synthesizes the stack: into CDK_OUTDIR, or cdk.out. Needs neither network nor credentials.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { SettingsError } from './settings.ts'
import { synthesize } from './synthesize.ts'

mkdirSync('.build', { recursive: true })
// Of this synthesis alone: another one may run at the same time. A crash leaves it, for whoever deletes `.build`.
const bundles = mkdtempSync('.build/functions-')
try {
  synthesize({
    outdir: process.env.CDK_OUTDIR ?? 'cdk.out',
    bundles,
    settingsFile: process.env.PROBE_SETTINGS,
    local: process.env.PROBE_LOCAL === '1',
    // Of the credentials; the CDK's command sets it. Without any it says us-east-1.
    region: process.env.CDK_DEFAULT_REGION,
  })
} catch (error) {
  if (!(error instanceof SettingsError)) throw error
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(bundles, { recursive: true })
}
