// Puts events on the stack's own event bus.

import { ProbeError } from '../model/errors.ts'
import type { Bus } from '../model/ports.ts'
import type { Call } from './json-api.ts'
import { EVENT_SOURCE } from './resources.ts'

/** Errors after which the same entry may succeed later: EventBridge API reference, PutEventsResultEntry. */
const BUSY = ['ThrottlingException', 'InternalFailure', 'InternalException']

interface Put {
  readonly FailedEntryCount?: number
  readonly Entries?: readonly { readonly ErrorCode?: string; readonly ErrorMessage?: string }[]
}

/** `call`: calls EventBridge. */
export function createBus(call: Call, bus: string): Bus {
  return {
    async emit({ type, ...detail }) {
      const entry = {
        EventBusName: bus,
        Source: EVENT_SOURCE,
        DetailType: type,
        Detail: JSON.stringify(detail),
      }
      const { FailedEntryCount, Entries } = (await call('PutEvents', { Entries: [entry] })) as Put
      // PutEvents answers 200 even if the bus refused the event.
      if (FailedEntryCount === 0) return
      const { ErrorCode = '', ErrorMessage = '' } = Entries?.[0] ?? {}
      if (BUSY.includes(ErrorCode))
        throw new ProbeError('no-room', `the registry begins nothing new: ${ErrorMessage}`)
      throw new ProbeError(
        'misconfigured',
        `bus ${bus} refused ${type}${'key' in detail ? ` of ${detail.key}` : ''}: ${ErrorMessage}`,
      )
    },
  }
}
