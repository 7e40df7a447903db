// The promises of Kernels, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { RecordedKernel } from '../../lib/model/kernel.ts'
import type { Kernels } from '../../lib/model/ports.ts'

const ID = `${'a'.repeat(64)}/x86_64/vanilla_6.1.54_1`
const kernelOf = (digit: number): RecordedKernel => ({
  config: 'a'.repeat(64),
  kernel: {
    arch: 'x86_64',
    target: 'vanilla',
    kernelRelease: '6.1.54',
    kernelVersion: '1',
    unameRelease: '6.1.54',
    configSha256: 'a'.repeat(64),
    configMd5: 'b'.repeat(32),
    config: { sha256: String(digit % 10).repeat(64), bytes: 1 + digit },
    kernelUrls: [],
    sourceVersion: '6.1.54',
    compiler: 'gcc-12',
    force: false,
    refused: { kmod: 'needs its Module.symvers' },
  },
})

/** `make`: no kernel on record. */
export function kernelsContract(make: () => Promise<Kernels>): void {
  let kernels: Kernels
  beforeEach(async () => {
    kernels = await make()
  })

  test('a kernel is on record from its first submission on', async () => {
    expect(await kernels.recorded(ID)).toBeUndefined()
    expect(await kernels.record(ID, kernelOf(1))).toEqual(kernelOf(1))
    expect(await kernels.recorded(ID)).toEqual(kernelOf(1))
  })

  test('a recorded kernel stays, even if another one is recorded later', async () => {
    await kernels.record(ID, kernelOf(1))
    expect(await kernels.record(ID, kernelOf(2))).toEqual(kernelOf(1))
    expect(await kernels.recorded(ID)).toEqual(kernelOf(1))
  })

  test('all concurrent callers of record get the same kernel', async () => {
    const told = await Promise.all(Array.from({ length: 20 }, (_, i) => kernels.record(ID, kernelOf(i))))
    expect(new Set(told.map(({ kernel }) => kernel.config.bytes)).size).toBe(1)
    expect(await kernels.recorded(ID)).toEqual(told[0])
  })
}
