// Tests the event bus against the EventBridge of local/.

import { expect, test } from 'vitest'
import { createBus } from '../../../lib/aws/bus.ts'
import { createCall, EVENTS } from '../../../lib/aws/json-api.ts'
import { EVENT_SOURCE } from '../../../lib/aws/resources.ts'
import type { RegistryEvent } from '../../../lib/model/events.ts'
import { clientOptions, startServices } from '../../support/aws/services-lab.ts'
import { until } from '../../support/local/assembly.ts'

const REQUESTED: RegistryEvent = {
  type: 'ProbeRequested',
  key: 'k',
  claim: 'c',
  attempt: 3,
  caller: '192.0.2.1',
}
const OVERDUE: RegistryEvent = { type: 'ProbeOverdue', key: 'k', claim: 'c' }

async function lab() {
  const { endpoint, delivered } = await startServices({
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'probes' } },
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventBusName: { Ref: 'Bus' },
        EventPattern: { source: [EVENT_SOURCE] },
        Targets: [{ Id: 'Target0', Arn: 'arn:fn' }],
      },
    },
  })
  const { region, credentials } = clientOptions(endpoint)
  const call = createCall(EVENTS, { endpoint, region, credentials: async () => credentials, now: Date.now })
  return { call, delivered }
}

test('an event has its type in detail-type and not in its detail', async () => {
  const { call, delivered } = await lab()
  const bus = createBus(call, 'probes')
  await bus.emit(REQUESTED)
  await bus.emit(OVERDUE)
  await until(() => (delivered.length === 2 ? true : undefined))
  expect(delivered).toMatchObject([
    { 'detail-type': 'ProbeRequested', source: EVENT_SOURCE, detail: { key: 'k', claim: 'c', attempt: 3 } },
    { 'detail-type': 'ProbeOverdue', source: EVENT_SOURCE, detail: { key: 'k', claim: 'c' } },
  ])
  expect(delivered[1]!.detail).toEqual({ key: 'k', claim: 'c' })
})

test('an event that the bus refuses is an error, although the answer is 200', async () => {
  const { call } = await lab()
  await expect(createBus(call, 'no-such-bus').emit(REQUESTED)).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching(/no-such-bus refused ProbeRequested of k: .*does not exist/),
  })
})

test.each(['ThrottlingException', 'InternalFailure'])(
  'a busy bus (%s) is reported as no-room',
  async (ErrorCode) => {
    // AWS answers so, and the local bus does if its disk is full (test/faults/full-disk.test.ts).
    const call = async () => ({ FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: 'too much' }] })
    await expect(createBus(call, 'probes').emit(REQUESTED)).rejects.toMatchObject({
      code: 'no-room',
      message: 'the registry begins nothing new: too much',
    })
  },
)
