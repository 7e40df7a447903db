// Formats the answers to submissions and to questions.

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
  const { compiler, verdicts, ...first } = verdictsAnswerOf(judged)
  return {
    ...first,
    config: {
      sha256: configSha256,
      md5: configMd5,
      neutralized: [...neutralized],
      ignored: [...judged.config.ignored],
      ignoredLines: judged.config.ignoredLines,
    },
    kernel: { arch, target, kernelRelease, kernelVersion, unameRelease },
    compiler,
    verdicts: verdicts.filter(({ kind }) => wanted.some((w) => w.kind === kind)),
    repository: `/${repositoryOf(own ? {} : { config: record.config })}`,
    probes,
  }
}

/** Formats the answer to a question, of which nothing is stored. */
export function verdictsAnswerOf(judged: Judged): VerdictsAnswer {
  const { contradictions, ignored, advice, summary, compiler, verdicts } = judged
  const { command, family, version, from, exact, text } = compiler
  return {
    contradictions: contradictions.map(({ between, detail }) => ({ between: [...between], detail })),
    ignored: [...ignored],
    advice: [...advice],
    summary: {
      modernEbpf: engineView(summary.modernEbpf),
      kmod: engineView(summary.kmod),
      ebpf: engineView(summary.ebpf),
    },
    compiler: { command, family, version, from, exact, detail: text },
    verdicts: [...verdicts],
  }
}

const engineView = ({ answer, byDefault, reasons }: EngineAnswer) => ({
  ...{ answer, byDefault },
  reasons: reasons.map(({ code, option, effect, detail, source }) => ({
    ...{ code, option, effect, detail, source },
  })),
})

/** The states for reasons that stay the same at every request. For all others, the index has the state. */
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
