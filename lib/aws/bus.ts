// The stack's own event bus.

import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { ProbeError } from '../model/errors.ts'
import type { Bus } from '../model/ports.ts'
import { EVENT_SOURCE } from './resources.ts'

/** Of an entry, where it may be taken the next time: EventBridge API reference, PutEventsResultEntry. */
const BUSY = ['ThrottlingException', 'InternalFailure', 'InternalException']

export function createBus(client: EventBridgeClient, bus: string): Bus {
  return {
    async emit({ type, ...detail }) {
      const entry = {
        EventBusName: bus,
        Source: EVENT_SOURCE,
        DetailType: type,
        Detail: JSON.stringify(detail),
      }
      const { FailedEntryCount, Entries } = await client.send(new PutEventsCommand({ Entries: [entry] }))
      // PutEvents answers 200 when the bus refused the event.
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
