// Where a build of CodeBuild broke off, by its phases. The event of its end and BatchGetBuilds name them alike.

import { faultOf } from '../model/fault.ts'
import type { BrokeOff } from '../model/ports.ts'

/** https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html */
export interface EndedPhase {
  readonly type: string
  /** `undefined`: it runs, or is the one that only says that the build has ended */
  readonly status: string | undefined
  /** each as `CODE: message`; an empty one is `: ` */
  readonly said: readonly string[]
}

/** What CodeBuild does before the first command of a buildspec. */
const BEFORE = ['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE']

/** How a build ends that no builder took: its time in the queue was over, or somebody stopped it there. */
const UNTAKEN = ['TIMED_OUT', 'STOPPED']

/** `undefined`: the phases do not say. */
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
