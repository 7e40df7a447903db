// A submission as the API answers it.

import type { EngineAnswer } from '../kconfig/summary.ts'
import { repositoryOf } from '../names/layouts.ts'
import type { Judged } from '../submit/judge.ts'
import type { RequestedProbe, Submitted, WhyNot } from '../submit/submit.ts'
import type { ProbeView, SubmissionAnswer, VerdictsAnswer } from './schemas.ts'
import { viewOf } from './view.ts'

export function submissionAnswerOf({ read, record, probes: requested }: Submitted): SubmissionAnswer {
  const { kernel, neutralized, judged, wanted } = read
  const { arch, target, kernelRelease, kernelVersion, unameRelease, configSha256, configMd5 } = kernel
  const probes = requested.map(requestedView)
  const own = probes.every((probe) => probe.config === undefined)
  return {
    ...factsView(judged),
    advice: [...judged.advice],
    summary: summaryView(judged),
    config: {
      sha256: configSha256,
      md5: configMd5,
      neutralized: [...neutralized],
      ignored: [...judged.config.ignored],
      ignoredLines: judged.config.ignoredLines,
    },
    kernel: { arch, target, kernelRelease, kernelVersion, unameRelease },
    compiler: compilerView(judged),
    verdicts: verdictsOf(judged).filter(({ kind }) => wanted.some((w) => w.kind === kind)),
    repository: `/${repositoryOf(own ? {} : { config: record.config })}`,
    probes,
  }
}

/** Of a config that is judged, and of which nothing is kept. */
export const verdictsAnswerOf = (judged: Judged): VerdictsAnswer => ({
  ...factsView(judged),
  advice: [...judged.advice],
  summary: summaryView(judged),
  compiler: compilerView(judged),
  verdicts: verdictsOf(judged),
})

const factsView = ({ contradictions, ignored }: Judged) => ({
  contradictions: contradictions.map(({ between, detail }) => ({ between: [...between], detail })),
  ignored: [...ignored],
})

function compilerView({ compiler }: Judged): VerdictsAnswer['compiler'] {
  const { command, family, version, from, exact, text } = compiler
  return { command, family, version, from, exact, detail: text }
}

const verdictsOf = ({ verdicts }: Judged): VerdictsAnswer['verdicts'] => [...verdicts]

function summaryView({ summary }: Judged): VerdictsAnswer['summary'] {
  const { kmod, ebpf, modernEbpf } = summary
  return { modernEbpf: engineView(modernEbpf), kmod: engineView(kmod), ebpf: engineView(ebpf) }
}

const engineView = ({ answer, byDefault, reasons }: EngineAnswer) => ({
  ...{ answer, byDefault },
  reasons: reasons.map(({ code, option, effect, detail, source }) => ({
    code,
    option,
    effect,
    detail,
    source,
  })),
})

/** Asked again, they are refused again; of any other reason the state is that of the index. */
const NEVER: Readonly<Partial<Record<WhyNot['reason'], ProbeView['state']>>> = {
  'cannot-load': 'refused',
  'known-to-fail': 'failed',
  'unsupported-kernel': 'failed',
}

function requestedView({ key, state, whyNot }: RequestedProbe): ProbeView {
  const view = viewOf(key, state)
  if (whyNot === undefined) return view
  return { ...view, ...whyNot, state: NEVER[whyNot.reason] ?? view.state }
}
