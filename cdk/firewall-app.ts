// Synthesizes the firewall in front of the registry, for `npm run deploy:firewall`. Needs neither network nor credentials.

import { synthesizeFirewall } from './firewall.ts'
import { reportingSettings } from './settings.ts'

reportingSettings(() =>
  synthesizeFirewall({
    outdir: process.env.CDK_OUTDIR ?? '.build/firewall',
    settingsFile: process.env.PROBE_SETTINGS,
  }),
)
