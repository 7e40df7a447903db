// Formats the answers to submissions and to questions.

import type { EngineAnswer } from '../kconfig/summary.ts'
import { eachOf } from '../model/each.ts'
import { repositoryOf } from '../names/layouts.ts'
import type { Judged } from '../submit/judge.ts'
import type { RequestedProbe, Submitted, WhyNot } from '../submit/submit.ts'
import type { ProbeView, SubmissionAnswer, VerdictsAnswer } from './schemas.ts'
import { viewOf } from './view.ts'

export function submissionAnswerOf({ read, record, probes: requested }: Submitted): SubmissionAnswer {
  const { kernel, neutralized, judged, wanted } = read
  const { arch, target, kernelRelease, kernelVersion, unameRelease, configSha256, configMd5 } = kernel
  const { ignored, ignoredLines } = judged.config
  const probes = requested.map(requestedView)
  const own = probes.every((probe) => probe.config === undefined)
  const { compiler, verdicts, ...first } = verdictsAnswerOf(judged)
  return {
    ...first,
    config: { sha256: configSha256, md5: configMd5, neutralized, ignored, ignoredLines },
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
  const { command, family, version, from, exact, text: detail } = compiler
  return {
    ...{ contradictions, ignored, advice },
    summary: eachOf(['modernEbpf', 'kmod', 'ebpf'], (engine) => engineView(summary[engine])),
    compiler: { command, family, version, from, exact, detail },
    verdicts,
  }
}

/** Omits members of reasons that the answer does not have. */
const engineView = ({ answer, byDefault, reasons }: EngineAnswer) => ({
  ...{ answer, byDefault },
  reasons: reasons.map(({ blocks: _, ...reason }) => reason),
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
