// Tests all distributions with kernels in rpms, each with a repository in the layout of its mirror: hit, miss and failure, by
// the name that an unmodified client requests.

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RPM_ROWS, type RpmTarget } from '../../lib/kernels/rpm/rows.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  startRegistry,
} from '../support/registry/registry.ts'
import { asBuiltBy, type DevelTree, debianTree } from '../support/rpm/devel.ts'
import { DISTRIBUTIONS, makeMirror } from '../support/rpm/distribution.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'
import { type RpmSigner, rpmSigner } from '../support/rpm/repository.ts'

const MINUTES = 60_000
const TARGETS = Object.keys(RPM_ROWS) as RpmTarget[]
/** Built by Red Hat's gcc 11, with a flag that Debian's gcc 11 refuses and its gcc 12 accepts. */
const UEK7 = {
  ...{ text: 'gcc (GCC) 11.2.1 20220127 (Red Hat 11.2.1-9)', version: 110201 },
  options: ['INIT_STACK_ALL_ZERO'],
}

let work: Awaited<ReturnType<typeof scratch>>
let mirror: Mirror
let signer: RpmSigner

beforeAll(async () => {
  work = await scratch()
  signer = rpmSigner('Test Distribution')
  mirror = await startMirror(join(work.dir, 'mirror'))
})
afterAll(async () => {
  mirror?.stop()
  signer?.remove()
  await work?.remove()
})

const pathOf = (target: string, unameRelease: string) =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_${target}_${unameRelease}_1.ko`
describe.each(TARGETS)('a kernel of %s', (target) => {
  let kernel: DevelTree
  let registry: Registry
  beforeAll(async () => {
    const { localVersion, lists } = DISTRIBUTIONS[target]
    kernel = debianTree(join(work.dir, target), localVersion)
    if (target === 'ol') asBuiltBy(kernel, UEK7)
    const places = makeMirror(join(work.dir, 'mirror'), target, { kernel, signer, url: mirror.url })
    // One registry for each: the keys of all would not fit into the environment of a function.
    registry = await startRegistry({
      dataDir: join(work.dir, `data-${target}`),
      settings: { [target]: { places, lists, keys: [signer.publicKey] } },
    })
  }, 5 * MINUTES)
  afterAll(async () => {
    await registry?.stop()
  })
  const about = async (path: string) => JSON.parse((await ask(`${registry.url}${path}.json`)).body)
  /** Downloads as falcoctl does. */
  const got = async (path: string) =>
    (await curl(['-fsSL', '-o', join(work.dir, 'probe.ko'), '--max-time', '60', registry.url + path])).code

  test(
    'gets its probe with the first request, and from the cache with the next one',
    async () => {
      const { release } = kernel
      const path = pathOf(target, release)
      expect(await got(path), (await ask(`${registry.url}${path}.log`, '-L')).body).toBe(0)
      const { manifest } = await about(path)
      const match = target === 'ol' ? 'nearest' : 'text'
      expect(manifest).toMatchObject({ unameRelease: release, compiler: 'gcc-12', root: { match } })
      mirror.asked.length = 0
      expect((await ask(registry.url + path)).status).toBe(307)
      expect(mirror.asked).toEqual([])
    },
    3 * MINUTES,
  )

  test('is refused if the mirror does not have it, and the answer names the missing package', async () => {
    const release = kernel.release.replace(/-(\d)/, '-9$1')
    const path = pathOf(target, release)
    expect(await got(path)).not.toBe(0)
    expect(await about(path)).toMatchObject({
      state: 'failed',
      reason: 'headers-not-found',
      detail: expect.stringMatching(
        new RegExp(`has ${DISTRIBUTIONS[target].headers.replace('6.1', '')}.* of ${target}|POST`),
      ),
    })
  })
})
