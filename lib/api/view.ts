// Formats one probe for the API.

import { isProbeError, unreachable } from '../model/errors.ts'
import { format, keyOfName, nameOf, probeOf } from '../names/grammar.ts'
import type { OwnState } from '../serve/follow.ts'
import { badField } from './fields.ts'
import type { ProbeView } from './schemas.ts'

/** The id is opaque to clients, and fits into one segment of a path. */
export const idOf = (key: string): string => Buffer.from(key).toString('base64url')

/** Inverts `idOf`. @throws {ProbeError} `bad-field`, with `field`: the id did not come from `idOf`. */
export function keyOfId(id: string, field = 'id'): string {
  const key = Buffer.from(id, 'base64url').toString('latin1')
  try {
    if (idOf(key) === id && keyOfName(nameOf(key)) === key) return key
  } catch (error) {
    if (!isProbeError(error, 'malformed')) throw error
  }
  throw badField(field, 'it is not one that this registry gave')
}

/** `key`: of a probe. `state`: `undefined` if the probe is not in the index. */
export function viewOf(key: string, state: OwnState | undefined): ProbeView {
  const probe = probeOf(key)
  const id = idOf(key)
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
        state: state.reason === 'cannot-load' ? 'refused' : 'failed',
        reason: state.reason,
        detail: state.detail,
        retryAt: new Date(state.retryAt).toISOString(),
        ...(state.logKey === undefined ? {} : { log }),
      }
    case 'published':
      if (state.withdrawn !== undefined)
        return { ...head, state: 'refused', reason: 'withdrawn', detail: state.withdrawn.reason, log }
      return { ...head, state: 'published', log, sha256: state.sha256, bytes: state.bytes }
    default:
      return unreachable(state)
  }
}
