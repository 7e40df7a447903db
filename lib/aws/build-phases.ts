// Finds the phase in which a CodeBuild build failed. Its end event and BatchGetBuilds name phases alike.

import { faultOf } from '../model/fault.ts'
import type { BrokeOff } from '../model/ports.ts'

/** https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html */
export interface EndedPhase {
  readonly type: string
  /** `undefined`: it runs, or it only marks the build's end */
  readonly status: string | undefined
  /** messages as `CODE: message`; an empty one is `: ` */
  readonly said: readonly string[]
}

/** Phases before the first command of a buildspec. */
const BEFORE = ['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE']

/** Outcomes of the queue for a build that no machine took. */
const UNTAKEN = ['TIMED_OUT', 'STOPPED']

/** `undefined`: no phase failed. */
export function brokeOffIn(phases: readonly EndedPhase[]): BrokeOff | undefined {
  const stopped = phases.find(({ status }) => ![undefined, 'SUCCEEDED'].includes(status))
  if (stopped === undefined) return undefined
  const { type, status = '' } = stopped
  const said = stopped.said.filter((one) => /\w/.test(one)).join('; ')
  return {
    begun: !BEFORE.includes(type),
    neverBegan: type === 'QUEUED' && UNTAKEN.includes(status),
    why: said === '' ? '' : faultOf(said),
  }
}
