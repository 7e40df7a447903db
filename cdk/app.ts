// Synthesizes the stacks into CDK_OUTDIR, or cdk.out. Needs neither network nor credentials.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { reportingSettings } from './settings.ts'
import { synthesize } from './synthesize.ts'

mkdirSync('.build', { recursive: true })
// A folder of its own, because another synthesis may run at the same time. A crash leaves the folder; anyone may delete it.
const bundles = mkdtempSync('.build/functions-')
try {
  reportingSettings(() =>
    synthesize({
      outdir: process.env.CDK_OUTDIR ?? 'cdk.out',
      bundles,
      settingsFile: process.env.PROBE_SETTINGS,
      local: process.env.PROBE_LOCAL === '1',
      // The CDK's command sets this variable to the credentials' region, or to us-east-1.
      region: process.env.CDK_DEFAULT_REGION,
    }),
  )
} finally {
  rmSync(bundles, { recursive: true })
}
