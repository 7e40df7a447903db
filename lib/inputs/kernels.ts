// Records submitted kernels in the inputs bucket, each in one object that is never replaced.

import { sha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import { decodeKernel, encodeKernel, type RecordedKernel } from '../model/kernel.ts'
import { kernelKey } from '../model/keys.ts'
import type { Kernels, Store } from '../model/ports.ts'

/** In bytes. The largest possible record has 8 KB. */
const MAX_RECORD = 64 * 1024

export const createKernels = (inputs: Pick<Store, 'get' | 'create'>): Kernels => ({
  recorded: (id) => recordedKernel(inputs, id),
  record: async (id, kernel) => {
    const body = new TextEncoder().encode(encodeKernel(kernel))
    const meta = { contentType: 'application/json', sha256: sha256(body) }
    if ((await inputs.create(kernelKey(id), body, meta)) === 'created') return kernel
    const first = await recordedKernel(inputs, id)
    if (first !== undefined) return first
    throw new ProbeError('misconfigured', `the record of the kernel ${id} has vanished`)
  },
})

/** @throws {ProbeError} `misconfigured`: the record is corrupt. */
export async function recordedKernel(
  inputs: Pick<Store, 'get'>,
  id: string,
): Promise<RecordedKernel | undefined> {
  const body = await inputs.get(kernelKey(id), MAX_RECORD)
  return body === undefined ? undefined : decodeKernel(new TextDecoder().decode(body))
}
