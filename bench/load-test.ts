// Compares the load test of a probe in its own kernel with qemu that boots this kernel and powers off.

import { readFile } from 'node:fs/promises'
import { packageBytes } from '../test/support/builds/archive.ts'
import { type LoadTest, loadTest } from '../test/support/builds/load.ts'
import { openStore } from '../test/support/builds/store.ts'
import { pinned } from '../test/support/registry/kernels.ts'
import { bootVm } from '../test/support/vm.ts'
import type { Measure } from './stage.ts'
import { type About, inTurns, rowOf, seconds } from './turns.ts'

export const measureLoadTest: Measure = async (stage) => {
  const { unameRelease } = pinned('6.1', 'amd64')
  const { file } = await stage.warm()
  const probe = { role: 'probe', format: 'text', body: await readFile(file) } as const
  const store = await openStore()
  const test = async (kernel: LoadTest['inputs'][number]) => {
    const loaded = await loadTest(store, {
      settings: { UNAME_RELEASE: unameRelease },
      inputs: [probe, kernel],
    })
    if (loaded.verdict.verdict !== 'passed') throw new Error(`the probe did not load:\n${loaded.output}`)
    return loaded
  }
  try {
    // The first test of a kernel caches its image for later tests.
    const image = packageBytes(`linux-image-${unameRelease}`)
    const { boot } = await test({ role: 'kernel', format: 'deb', body: image })
    if (boot === undefined) throw new Error('the load test left no image')
    const bare = () => seconds(() => bootVm({ unameRelease, script: '', seconds: 120 }))
    await bare()
    const turns = await inTurns(
      stage.rounds,
      async () => (await test({ role: 'boot', format: 'text', body: boot })).seconds,
      bare,
    )
    const list = (which: 'ours' | 'theirs') => turns.map((turn) => turn[which].toFixed(1)).join(', ')
    const about: About = {
      ...{ name: 'load', what: 'load test in its own kernel', goal: { atMost: 1.3 } },
      against: 'qemu booting that kernel and powering off',
      note: `${list('ours')} s; qemu ${list('theirs')} s`,
    }
    return [rowOf(about, turns)]
  } finally {
    await store.close()
  }
}
