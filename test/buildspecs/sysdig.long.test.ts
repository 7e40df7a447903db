// Tests Debian's own pairs of a client and a driver: sysdig captures events through the module that this test builds, in a
// virtual machine with the module's kernel.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApt, tell } from '../support/builds/apt.ts'
import { driverPackage, packageVersion } from '../support/builds/archive.ts'
import { build } from '../support/builds/build.ts'
import { DRIVER_PACKAGE, driverInput, kernelBuild } from '../support/builds/kernel-build.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { mainMirror } from '../support/mirrors.ts'
import { pinned } from '../support/registry/kernels.ts'
import { sysdig } from '../support/sysdig.ts'
import { bootVm } from '../support/vm.ts'

const MINUTES = 60_000
const EVENTS = 50

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

/** Driver and client of a Debian suite, or the reason why not: without the suite's lists, this machine's own would answer. */
function pairOf(suite: 'bookworm' | 'sid') {
  try {
    const driver = driverPackage(suite)
    if (suite === 'sid' && driver.version === packageVersion(DRIVER_PACKAGE))
      return 'its package lists are not there'
    return { driver, client: sysdig(EVENTS, openApt([{ mirror: mainMirror(), suite }])) }
  } catch (error) {
    return String(error)
  }
}

test.for([
  ['bookworm', '6.1'],
  ['sid', '6.12'],
] as const)(
  'the sysdig of %s captures events through the driver of the same suite, built for %s',
  { timeout: 10 * MINUTES },
  async ([suite, series], { skip }) => {
    const kernel = pinned(series, 'amd64')
    const pair = pairOf(suite)
    if (typeof pair === 'string') {
      tell(`sysdig and driver of ${suite}: ${pair}`)
      expect(suite, pair).toBe('sid')
      return skip(pair)
    }
    const { driver, client } = pair
    const built = await build(
      store,
      kernelBuild(kernel, 'kmod', driverInput(driver.deb), { DRIVER_VERSION: driver.driverVersion }),
    )
    expect(built.exit, built.log).toBe(0)
    const said = await bootVm({
      unameRelease: kernel.unameRelease,
      files: { ...client.files, '/scap.ko': built.probe! },
      script: `insmod /scap.ko\n${client.script}\nrmmod scap; echo "rmmod $?"`,
      seconds: 240,
    })
    tell(`${/sysdig version \S+/.exec(said)?.[0]} of ${suite} with driver ${driver.version}`)
    expect(said).toMatch(/^sysdig ended with 0$/m)
    expect(said).toContain(`\nsysdig saw ${EVENTS} events\n`)
    expect(said).toMatch(/^rmmod 0$/m)
  },
)
