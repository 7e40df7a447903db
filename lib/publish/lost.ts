// Handles options of a kernel config that changed in the build's tree: refuses the probe, or adds them to its statement.

import type { BuildPlan } from '../build/order.ts'
import type { BuildReport, LostOption } from '../build/report.ts'
import type { Objection } from '../model/probe.ts'

/** The plan of a build, and its report. */
interface Built {
  readonly plan: BuildPlan | undefined
  readonly report: BuildReport | undefined
}

/** Number of options in the message. */
const NAMED = 5

/** Returns at most one objection. Its `option` has the first names. */
function lostIn(report: BuildReport | undefined): readonly Objection[] {
  const lost = report?.lost ?? []
  if (lost.length === 0) return []
  const named = lost.slice(0, NAMED)
  return [
    {
      code: 'lost-options',
      option: named.map(({ option }) => option).join(','),
      detail: `${lost.length} options of this config, which may change the kernel's structures, do not hold in this source with this compiler: ${named.map(shown).join(', ')}${lost.length > NAMED ? ', ...' : ''}. A probe that is built so may crash its host`,
    },
  ]
}

const shown = ({ option, asked, holds }: LostOption): string => `${option} (${asked}, and here ${holds})`

/** Why the probe is not published; `undefined`: all options kept their values, or `force` was set. */
export function lostWhy(built: Built): string | undefined {
  if (built.plan?.submitted?.force === true) return undefined
  const [lost] = lostIn(built.report)
  return lost && `${lost.detail}. ${WHAT_TO_DO}`
}

const WHAT_TO_DO =
  'Is that the config of the running kernel (/proc/config.gz)? Then its source is patched, or its compiler is another: submit its headers too (kheaders, or kernelurls of its header packages), or use the modern_bpf engine, which needs no probe. force=true builds it all the same'

/** All objections to a probe that is published. */
export const forcedOf = ({ plan, report }: Built): readonly Objection[] => [
  ...(plan?.forced ?? []),
  ...lostIn(report),
]
