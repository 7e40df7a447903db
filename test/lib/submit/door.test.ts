import { expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { looked } from '../../../lib/submit/door.ts'
import type { Submission } from '../../../lib/submit/submission.ts'
import { memoryPorts } from '../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 23)
const CALLER = '192.0.2.1'
const submission: Submission = {
  config: new Uint8Array(),
  facts: {
    ...{ unameRelease: '6.1.0', unameVersion: '#1', machine: 'x86_64' },
    ...{ osRelease: undefined, etcVersion: undefined, configMd5: undefined, ignored: [] },
  },
  ...{ procVersion: undefined, symvers: undefined, kheaders: undefined, kernelUrls: [] },
  ...{ driverVersions: [], driverName: undefined, kinds: [], force: false },
}

function ports(refusedPerCallerPerDay: number) {
  const { holds, budgets, newId, now } = memoryPorts({ now: () => NOW })
  const settings = { ...DEFAULTS, budgets: { ...DEFAULTS.budgets, refusedPerCallerPerDay } }
  return { holds, budgets, newId, now, settings }
}

test('a submission costs nothing if it is accepted, or if the registry fails', async () => {
  const here = ports(1)
  for (let i = 0; i < 3; i += 1)
    expect(await looked(here, submission, CALLER, async () => 'read')).toBe('read')
  const wrong = Object.assign(new Error('away'), { code: 'ECONNRESET' })
  await expect(looked(here, submission, CALLER, () => Promise.reject(wrong))).rejects.toBe(wrong)
  expect(await looked(here, submission, CALLER, async () => 'read')).toBe('read')
})

test('a submission keeps its answer if its cost cannot be refunded', async () => {
  const here = ports(2)
  const budgets = { ...here.budgets, giveBack: () => Promise.reject(new Error('DynamoDB throttles')) }
  const throttled = { ...here, budgets }
  expect(await looked(throttled, submission, CALLER, async () => 'read')).toBe('read')
  const fault = new Error('the store is away')
  await expect(looked(throttled, submission, CALLER, () => Promise.reject(fault))).rejects.toBe(fault)
  await expect(looked(here, submission, CALLER, async () => 'read')).rejects.toMatchObject({
    code: 'budget-spent',
  })
})
