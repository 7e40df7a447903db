// One probe as the API shows it.

import { unreachable } from '../errors.ts'
import type { OwnState } from '../follow.ts'
import { format, probeOf } from '../names/index.ts'
import type { ProbeView } from './schemas.ts'

export function viewOf(key: string, state: OwnState | undefined): ProbeView {
  const probe = probeOf(key)
  const id = Buffer.from(key).toString('base64url')
  const head = { id, ...probe, url: format(probe), follow: `/v1/probes/${id}` }
  const log = format(probe, 'log')
  switch (state?.state) {
    case undefined:
      return { ...head, state: 'not-built' }
    case 'building':
      return { ...head, state: 'building', log }
    case 'failed':
      return {
        ...head,
        state: 'failed',
        reason: state.reason,
        detail: state.detail,
        retryAt: new Date(state.retryAt).toISOString(),
        ...(state.logKey === undefined ? {} : { log }),
      }
    case 'published':
      return { ...head, state: 'published', log, sha256: state.sha256, bytes: state.bytes }
    default:
      return unreachable(state)
  }
}
