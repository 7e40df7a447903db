// Builds Debian's newest driver for the newest kernel of every series in the archive, and loads it into that kernel. Other
// tests pin their kernels. So when the archive changes, only this file fails, and names the change.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tell } from '../support/builds/apt.ts'
import { driverPackage, packageBytes } from '../support/builds/archive.ts'
import { build } from '../support/builds/build.ts'
import { driverInput, kernelBuild } from '../support/builds/kernel-build.ts'
import { loadTest } from '../support/builds/load.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { LONG } from '../support/long.ts'
import { type DebianKernel, newestKernels, PINS } from '../support/registry/kernels.ts'

const MINUTES = 60_000
const driver = driverPackage('sid')
const kernels = newestKernels('amd64')

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

/** The current versions, and the pinned versions of the last successful run. */
const moved = ({ series, headers }: DebianKernel): string => {
  const pin = Object.entries(PINS).find(([name]) => name === series)?.[1] ?? 'no kernel of that series'
  const now = `kernel ${headers.version}, driver ${driver.version}`
  return `${now}; the other tests keep to ${pin}`
}

test('the archive still has every series that the tests pin', () => {
  for (const kernel of kernels) tell(`the newest of ${kernel.series} is ${moved(kernel)}`)
  expect(kernels.map(({ series }) => series)).toEqual(expect.arrayContaining(Object.keys(PINS)))
})

describe.each(kernels)('the newest kernel of $series', (kernel) => {
  test.each(LONG ? (['kmod', 'ebpf'] as const) : (['kmod'] as const))(
    'gets its %s and loads it',
    async (kind) => {
      const settings = { DRIVER_VERSION: driver.driverVersion }
      const built = await build(store, kernelBuild(kernel, kind, driverInput(driver.deb), settings))
      expect(built.exit, `${moved(kernel)}:\n${built.log}`).toBe(0)
      const image = packageBytes(`linux-image-${kernel.unameRelease}`)
      const { verdict, log } = await loadTest(store, {
        settings: { ...settings, KIND: kind, UNAME_RELEASE: kernel.unameRelease },
        inputs: [
          { role: 'probe', format: 'text', body: built.probe! },
          { role: 'kernel', format: 'deb', body: image },
        ],
      })
      expect(verdict, `${moved(kernel)}:\n${log}`).toMatchObject({ verdict: 'passed' })
    },
    5 * MINUTES,
  )
})
