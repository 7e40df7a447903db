// Synthesizes the stack: into CDK_OUTDIR, or cdk.out. Needs neither network nor credentials.

import { synthesize } from './synthesize.ts'

synthesize({
  outdir: process.env.CDK_OUTDIR ?? 'cdk.out',
  bundles: '.build/functions',
  settingsFile: process.env.PROBE_SETTINGS,
  local: process.env.PROBE_LOCAL === '1',
})
