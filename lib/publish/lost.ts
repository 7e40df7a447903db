// Options of a kernel's config that do not hold in the tree that a build made of it: why its probe is not published, or what
// its statement says of it.

import type { BuildPlan } from '../build/order.ts'
import type { BuildReport, LostOption } from '../build/report.ts'
import type { Objection } from '../model/probe.ts'

/** What was decided of a build, and what it tells. */
interface Built {
  readonly plan: BuildPlan | undefined
  readonly report: BuildReport | undefined
}

/** Of the options that are named. */
const NAMED = 5

/** At most one: `option` has the names of the first ones. */
function lostIn({ report }: Pick<Built, 'report'>): readonly Objection[] {
  const lost = report?.lost ?? []
  if (lost.length === 0) return []
  const named = lost.slice(0, NAMED)
  return [
    {
      code: 'lost-options',
      option: named.map(({ option }) => option).join(','),
      detail: `${lost.length} options of this config, which may change the kernel's structures, do not hold in this source with this compiler: ${named.map(told).join(', ')}${lost.length > NAMED ? ', ...' : ''}. A probe that is built so may crash its host`,
    },
  ]
}

const told = ({ option, asked, holds }: LostOption): string => `${option} (${asked}, and here ${holds})`

/** Why what a build made of a config is not published; `undefined`: its options hold, or it is wanted by force. */
export function lostWhy(built: Built): string | undefined {
  if (built.plan?.submitted?.force === true) return undefined
  const [lost] = lostIn(built)
  return lost && `${lost.detail}. ${WHAT_TO_DO}`
}

const WHAT_TO_DO =
  'Is that the config of the running kernel (/proc/config.gz)? Then its source is patched, or its compiler is another: submit its headers too (kheaders, or kernelurls of its header packages), or use the modern_bpf engine, which needs no probe. force=true builds it all the same'

/** What speaks against a probe that is published. */
export const forcedOf = ({ plan, report }: Built): readonly Objection[] => [
  ...(plan?.forced ?? []),
  ...lostIn({ report }),
]
