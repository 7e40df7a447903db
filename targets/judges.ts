// Selects the judge of a target's kernels: its planner's choice of packages, or else the answer to the host.

import { RPM_ROWS } from '../lib/kernels/rpm/rows.ts'
import { checkKernel, targetNamed } from '../lib/kernels/targets.ts'
import { isProbeError } from '../lib/model/errors.ts'
import { SUBMIT_LINE } from '../lib/model/way-out.ts'
import { archJudge } from './arch.ts'
import { bottlerocketJudge } from './bottlerocket.ts'
import { debianJudge } from './debian.ts'
import { flatcarJudge } from './flatcar.ts'
import { type Judge, RIGHT, type Row, type Verdict, wrong } from './rows.ts'
import { rpmJudge } from './rpm.ts'
import { ubuntuJudge } from './ubuntu.ts'

export function judgeOf(target: string): Judge {
  const named = targetNamed(target)
  if (named === undefined) return async (rows) => rows.map(told)
  switch (named) {
    case 'arch':
      return archJudge
    case 'cos':
      return async (rows) =>
        rows.map(({ urls }) => (urls.length === 0 ? RIGHT : wrong('its headers are signed by nobody')))
    case 'bottlerocket':
      return bottlerocketJudge
    case 'debian':
      return debianJudge
    case 'flatcar':
      return flatcarJudge
    case 'ubuntu':
      return ubuntuJudge
    default:
      return rpmJudge(RPM_ROWS[named])
  }
}

/**
 * If no package exists for a kernel, or its distribution has ended, the right answer is to submit the config.
 */
function told({ arch, target, kernelRelease, kernelVersion, urls }: Row): Verdict {
  const probe = { driverVersion: '10.2.0+driver', driverName: 'falco', kind: 'kmod' } as const
  try {
    checkKernel({ ...probe, arch, target, kernelRelease, kernelVersion })
    return wrong('it is not refused, and has no planner')
  } catch (error) {
    if (!isProbeError(error)) throw error
    const submits = error.message.includes(SUBMIT_LINE)
    const ended = error.message.includes('served no more')
    return submits && (urls.length === 0 || ended)
      ? RIGHT
      : wrong(`it has packages, and is answered: ${error.message}`)
  }
}
