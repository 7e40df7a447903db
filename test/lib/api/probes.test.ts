import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openApiDocument } from '../../../lib/api/openapi.ts'
import { listProbes, listQuery, oneQuery } from '../../../lib/api/probes.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import type { FailureReason } from '../../../lib/model/probe.ts'
import { memoryPorts } from '../../support/memory.ts'

interface Parameter {
  readonly name: string
  readonly schema: Schema
}
interface Schema {
  readonly type: string
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly pattern?: string
}

function documented(path: string, name: string): Schema {
  const { paths } = openApiDocument() as unknown as {
    paths: Record<string, { get: { parameters: Parameter[] } }>
  }
  return paths[path]!.get.parameters.find((parameter) => parameter.name === name)!.schema
}

/** Whether a text fits the schema of a parameter. */
function fits(
  text: string,
  { type, minimum = 0, maximum = 0, maxLength = 0, pattern = '' }: Schema,
): boolean {
  if (type === 'string') return text.length <= maxLength && new RegExp(pattern, 'u').test(text)
  const number = Number(text)
  return Number.isInteger(number) && String(number) === text && number >= minimum && number <= maximum
}

describe('a parameter', () => {
  const numbers = fc.oneof(
    fc.integer({ min: -5, max: 130 }).map(String),
    fc.stringMatching(/^[0-9+ .e-]{0,4}$/),
    fc.constantFrom('', '0x10', '1e1', ' 5', '5\n', '٥', '007', '-0', 'Infinity'),
  )
  test.each([
    ['/v1/probes', 'limit', listQuery, numbers],
    ['/v1/probes/{id}', 'wait', oneQuery, numbers],
    ['/v1/probes', 'release', listQuery, fc.oneof(fc.string(), fc.stringMatching(/^[0-9A-Za-z.+~_-]{0,9}$/))],
    ['/v1/probes', 'cursor', listQuery, fc.oneof(fc.string(), fc.base64String())],
  ] as const)('of %s is accepted exactly if the document allows it: %s', (path, name, schema, texts) => {
    const described = documented(path, name)
    fc.assert(
      fc.property(texts, (text) => {
        expect(schema.safeParse({ [name]: text }).success, JSON.stringify(text)).toBe(fits(text, described))
      }),
    )
  })
})

describe('a list of probes', () => {
  const NOW = Date.UTC(2026, 10, 23)
  const key = (i: number) => `driver/1/x86_64/falco_debian_6.1.${i}-1-amd64_1.ko`
  const ports = () => {
    const memory = memoryPorts({ now: () => NOW })
    const ports = {
      ...memory,
      settings: DEFAULTS,
      elapsed: memory.now,
      sleep: async () => undefined,
      sign: async () => undefined,
    }
    return { index: memory.index, list: () => listProbes(ports, {}) }
  }

  test('contains probes with a running or failed build, and no names that were only requested', async () => {
    const { index, list } = ports()
    const reasons: FailureReason[] = [
      'headers-not-found',
      'driver-source-not-found',
      'mirror-unreachable',
      'plan-error',
      'budget-spent',
    ]
    for (const [i, reason] of reasons.entries()) {
      await index.claim(key(i), { id: 'c', claimedAt: NOW, deadline: NOW + 1000 })
      await index.fail(key(i), 'c', { reason, detail: 'no', retryAt: NOW + 1000 })
    }
    for (const i of [10, 11, 12]) await index.claim(key(i), { id: 'c', claimedAt: NOW, deadline: NOW + 1000 })
    expect(await list()).toEqual({ probes: [] })
    await index.started(key(11), 'c', { buildId: 'b', deadline: NOW + 1000 })
    await index.started(key(12), 'c', { buildId: 'b', deadline: NOW + 1000 })
    await index.fail(key(12), 'c', { reason: 'compile-error', detail: 'no', retryAt: NOW + 1000 })
    expect((await list()).probes.map(({ state }) => state)).toEqual(['building', 'failed'])
  })
})
