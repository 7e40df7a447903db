// Debian's own pairs of a client and a driver: sysdig captures events through the module that was built here, in a machine
// of the kernel that it is for.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApt, tell } from '../support/builds/apt.ts'
import { driverPackage } from '../support/builds/archive.ts'
import { build } from '../support/builds/build.ts'
import { driverInput, kernelBuild } from '../support/builds/kernel-build.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { mainMirror } from '../support/mirrors.ts'
import { pinned } from '../support/registry/kernels.ts'
import { sysdig } from '../support/sysdig.ts'
import { bootVm } from '../support/vm.ts'

const MINUTES = 60_000
const EVENTS = 500

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

test.each([
  ['bookworm', '6.1'],
  ['sid', '6.12'],
] as const)(
  'the sysdig of %s captures through the driver of the same Debian, built for %s',
  async (suite, series) => {
    const kernel = pinned(series, 'amd64')
    const driver = driverPackage(suite)
    const built = await build(
      store,
      kernelBuild(kernel, 'kmod', driverInput(driver.deb), { DRIVER_VERSION: driver.driverVersion }),
    )
    expect(built.exit, built.log).toBe(0)
    const client = sysdig(EVENTS, openApt([{ mirror: mainMirror(), suite }]))
    const said = await bootVm({
      unameRelease: kernel.unameRelease,
      files: { ...client.files, '/scap.ko': built.probe! },
      script: `insmod /scap.ko\n${client.script}\nrmmod scap; echo "rmmod $?"`,
      seconds: 240,
    })
    tell(`${/sysdig version \S+/.exec(said)?.[0]} of ${suite} with driver ${driver.version}`)
    expect(said).toMatch(/^sysdig ended with 0$/m)
    expect(said).toMatch(new RegExp(`^sysdig saw ${EVENTS} events, [1-9]`, 'm'))
    expect(said).toMatch(/^rmmod 0$/m)
  },
  10 * MINUTES,
)
