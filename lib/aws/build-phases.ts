// Finds the phase in which a CodeBuild build failed. The build's end event and BatchGetBuilds use the same names of phases.

import { faultOf } from '../model/fault.ts'
import type { BrokeOff } from '../model/ports.ts'

/** https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html */
export interface EndedPhase {
  readonly type: string
  /** `undefined`: the phase still runs, or it is the last one, which only marks the end of the build */
  readonly status: string | undefined
  /** messages as `CODE: message`; an empty one is `: ` */
  readonly said: readonly string[]
}

/** Phases before the first command of a buildspec. */
const BEFORE = ['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE']

/** Statuses of the queue phase if no machine ever took the build. */
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
