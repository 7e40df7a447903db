// A submission as the API answers it.

import { repositoryOf } from '../names/grammar.ts'
import type { RequestedProbe, Submitted, WhyNot } from '../submit/submit.ts'
import type { ProbeView, SubmissionAnswer } from './schemas.ts'
import { viewOf } from './view.ts'

export function submissionAnswerOf({ read, record, probes: requested }: Submitted): SubmissionAnswer {
  const { kernel, neutralized, compiler, verdicts, wanted } = read
  const { arch, target, kernelRelease, kernelVersion, unameRelease, configSha256, configMd5 } = kernel
  const { command, family, version, from, exact, text } = compiler
  const probes = requested.map(requestedView)
  const own = probes.every((probe) => probe.config === undefined)
  return {
    config: { sha256: configSha256, md5: configMd5, neutralized: [...neutralized] },
    kernel: { arch, target, kernelRelease, kernelVersion, unameRelease },
    compiler: { command, family, version, from, exact, detail: text },
    verdicts: verdicts.filter(({ kind }) => wanted.some((w) => w.kind === kind)),
    repository: `/${repositoryOf(own ? {} : { config: record.config })}`,
    probes,
  }
}

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
