// Tests which image a load test boots: one in a package, or one that is published as a separate file.

import { expect, test } from 'vitest'
import { planLoadTest } from '../../../lib/build/load-test.ts'
import { type BuildOrderRecord, encodeOrder } from '../../../lib/build/order.ts'
import { createBuildCache } from '../../../lib/inputs/cache.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { loadTestKeys, stagingKeys } from '../../../lib/model/keys.ts'
import type { KernelImage, Probe } from '../../../lib/model/probe.ts'
import { keyOf } from '../../../lib/names/grammar.ts'
import { memoryPorts } from '../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 26)
const DIGEST = 'a'.repeat(64)
const CLAIM = 'claim'
const probe: Probe = {
  ...{ driverVersion: '0.20.0', driverName: 'scap', arch: 'x86_64', kind: 'kmod' },
  ...{ target: 'flatcar', kernelRelease: '3815.2.5', kernelVersion: '1' },
}
const source = { name: 'image', version: '1', url: 'http://mirror.invalid/image', sha256: DIGEST }

/** The inputs of the job, without their URLs. */
async function inputsOf(image: KernelImage): Promise<string[]> {
  const memory = memoryPorts({ now: () => NOW })
  const { index, store, presigner, builder, log, now, places, bus } = memory
  const key = keyOf(probe)
  const until = { deadline: NOW + 60_000, expiresAt: NOW + 60_000 }
  await index.claim(key, { id: CLAIM, claimedAt: NOW, ...until })
  await index.testing(key, CLAIM, { test: 1, deadline: NOW + 60_000 })
  const plan = {
    ...{ key, claim: CLAIM, attempt: 1, unameRelease: '6.1.96-flatcar', compiler: 'gcc-13' },
    ...{ recipe: 'makefile', driverSource: source, headers: [] },
    loadTest: { unameRelease: '6.1.96-flatcar', image },
  } as const satisfies BuildOrderRecord['plan']
  const order = encodeOrder({ plan, job: '', jobUrl: '', stepsRoot: DIGEST })
  const meta = { contentType: 'application/json', sha256: sha256(order) }
  await store.staging.create(stagingKeys(CLAIM).plan, order, meta)
  const ports = {
    ...{ index, builder, places, bus, log, now, settings: DEFAULTS, cache: createBuildCache(store.inputs) },
    ...{ staging: store.staging, stagingUrls: presigner.staging },
    ...{ inputUrls: presigner.inputs, rootUrls: presigner.inputs },
    ensureInput: async () => undefined,
    stepsRoot: async () => ({ id: DIGEST, suite: 'bookworm', digest: DIGEST, sha256: DIGEST, bytes: 1 }),
  }
  expect(await planLoadTest(ports, { key, claim: CLAIM, sha256: DIGEST, bytes: 1, test: 1 })).toBe(true)
  const job = await store.staging.get(loadTestKeys(CLAIM, 1).job, 1 << 16)
  return Buffer.from(job ?? '')
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('get\t'))
    .map((line) => line.split('\t').slice(1, 3).join(' '))
}

test.each([
  ['deb', 'kernel deb'],
  ['rpm', 'kernel rpm'],
  ['vmlinuz', 'boot text'],
] as const)('an image in the format %s is given to the test as %s', async (format, expected) => {
  expect(await inputsOf({ ...source, bytes: 7, format })).toEqual(['steps tar.gz', 'probe text', expected])
})
