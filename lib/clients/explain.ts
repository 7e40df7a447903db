// Explains a URL: which probe it names, its canonical name, which clients request it, or why it is invalid.

import { isProbeError } from '../model/errors.ts'
import type { ConfigHash, Probe } from '../model/probe.ts'
import type { Companion } from '../names/file.ts'
import { type ConfigHashName, format, type Name, type ProbeName, parse } from '../names/grammar.ts'
import { LAYOUTS, type LayoutId } from '../names/layouts.ts'
import { CURRENT_FALCOCTL } from './falcoctl.ts'
import { reach, unaskedBy } from './reach.ts'

interface Understood {
  readonly layout: LayoutId
  /** the layout's pattern */
  readonly template: string
  readonly years: string
  /** false: clients of this layout follow no redirects, so they get the bytes inline */
  readonly redirects: boolean
  /** `undefined`: the probe itself */
  readonly companion: Companion | undefined
  /** clients that compute exactly this name */
  readonly clients: readonly string[]
}

export type Explanation =
  | ({
      readonly tag: 'probe'
      /** the probe as the URL names it, aliases included */
      readonly parts: Probe
      /** path of the canonical name */
      readonly canonical: string
      readonly aliased: boolean
      /** why no client computes this name; `undefined`: at least one client does */
      readonly unreachable: string | undefined
      readonly notes: readonly string[]
    } & Understood)
  | ({ readonly tag: 'config-hash'; readonly parts: ConfigHash } & Understood)
  | { readonly tag: 'malformed'; readonly why: string }

/** Never throws for bad names. `urlOrPath`: with or without scheme and host; a query is ignored. */
export function explain(urlOrPath: string): Explanation {
  const [path = ''] = urlOrPath.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)
  try {
    return explainName(parse(path.startsWith('/') ? path : `/${path}`))
  } catch (error) {
    if (isProbeError(error, 'malformed')) return { tag: 'malformed', why: error.message }
    throw error
  }
}

function explainName(name: Name): Explanation {
  const { layout, companion } = name
  const { template, years, redirects } = LAYOUTS[layout]
  const understood = { layout, template, years, redirects, companion }
  return { ...understood, ...(name.tag === 'probe' ? explainProbe(name) : explainHash(name)) }
}

function explainProbe({ asked, probe, layout, companion }: ProbeName) {
  const reached = reach(asked, layout)
  return {
    tag: 'probe' as const,
    parts: asked,
    canonical: format(probe, companion),
    aliased: format(asked) !== format(probe),
    clients: reached.tag === 'reachable' ? reached.by : [],
    unreachable: reached.tag === 'unreachable' ? reached.why : undefined,
    notes: notesOn(asked, reached.tag === 'reachable' ? reached.as : []),
  }
}

/** Debian's `uname -r`, which does not contain the package's version. */
const DEBIAN_ABI = /^\d+\.\d+\.0-\d+-/

function notesOn(asked: Probe, as: readonly string[]): string[] {
  const { target, kernelRelease, kernelVersion } = asked
  const others = as.filter((id) => id !== target)
  const notes = [
    as.length > 0 && unaskedBy(asked, CURRENT_FALCOCTL),
    target === 'debian' &&
      DEBIAN_ABI.test(kernelRelease) &&
      "falcoctl, and loaders since 0.35.0, ask so only where uname -v does not say the package's version",
    others.length > 0 && `asked for as ${others.join(', ')}, the ID in os-release`,
    target.startsWith('ubuntu-') &&
      /^\d+$/.test(kernelVersion) &&
      `falco-driver-loader before 0.35.1 writes ${kernelVersion} for a kernel whose uname -v says #${kernelVersion}~{series} as well: only the archive can tell which was meant`,
  ]
  return notes.filter((note) => typeof note === 'string')
}

const explainHash = ({ tag, layout: _, companion: __, ...parts }: ConfigHashName) => ({
  ...{ tag, parts },
  clients:
    parts.driverName === 'falco'
      ? ['falco-probe-loader up to 0.21', 'falco-driver-loader 0.22']
      : ['sysdig-probe-loader up to 0.27'],
})
