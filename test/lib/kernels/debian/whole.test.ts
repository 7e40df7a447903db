// Debian whole: kernels of every release that its archive keeps are planned, by the lists of the suites that have them.

import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AptPackage } from '../../../../lib/archives/apt/packages.ts'
import { createFetch } from '../../../../lib/aws/fetch.ts'
import { debianPlanner, isDecided, planOf } from '../../../../lib/kernels/debian/planner.ts'
import { codenameOf } from '../../../../lib/kernels/debian/suites.ts'
import { DEFAULTS } from '../../../../lib/kernels/settings.ts'
import {
  type ArchiveKey,
  type ArchiveStandIn,
  archiveKey,
  type Deb,
  kernelDebs,
  startArchive,
} from '../../../support/archive.ts'
import { debian } from '../../../support/debian.ts'
import { memoryPorts } from '../../../support/memory.ts'
import { everySuite } from '../../../support/mirrors.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const DAY = 24 * 3_600_000

test("Debian's real archive: kernels of every series have plans, and every kernel one canonical name", async () => {
  const { store, lists, log } = memoryPorts({ now: Date.now })
  const ports = { lists, log, inputs: store.inputs, now: Date.now, fetch: createFetch() }
  const planner = debian(ports, everySuite())
  const kernels = await planner.kernels('x86_64')
  const series = new Map<string, Set<string>>()
  for (const { kernelRelease, unameRelease } of kernels) {
    const [name = ''] = /^\d+\.\d+/.exec(unameRelease) ?? []
    // A plan fetches the headers: one of each series is enough.
    if (series.has(name)) continue
    const plan = await planner.plan({ arch: 'x86_64', kind: 'kmod', kernelRelease, kernelVersion: '1' })
    expect(plan).toMatchObject({ kernelRelease, unameRelease, tree: `usr/src/linux-headers-${unameRelease}` })
    series.set(name, (series.get(name) ?? new Set()).add(plan.compiler))
  }
  // A kernel may be in two suites, in one version.
  const byVersion = new Set(kernels.map(({ kernelRelease }) => kernelRelease))
  expect(byVersion.size).toBe(new Set(kernels.map(({ unameRelease }) => unameRelease)).size)
  expect([...series.keys()]).toEqual(expect.arrayContaining(['5.10', '6.1', '6.12']))
  expect([...series].some(([name]) => Number.parseInt(name, 10) >= 7)).toBe(true)
  for (const compilers of series.values())
    for (const compiler of compilers) expect(compiler).toMatch(/^gcc-\d+$/)
}, 180_000)

describe('an archive of many suites', () => {
  let key: ArchiveKey
  let archive: ArchiveStandIn
  beforeAll(async () => {
    key = await archiveKey(NOW - 30 * DAY)
  })
  beforeEach(async () => {
    archive = await startArchive()
    return () => archive.close()
  })

  const add = (suite: string, debs: readonly Deb[], signer = key) =>
    archive.add({
      ...{ archive: suite.endsWith('-security') ? 'debian-security' : 'debian', suite, debs, key: signer },
      date: NOW - DAY,
    })

  const planner = (suites: readonly string[]) => {
    const { store, lists, log } = memoryPorts({ now: () => NOW })
    const mirrors = { main: `${archive.url}/debian`, security: `${archive.url}/debian-security` }
    const settings = {
      debian: {
        ...DEFAULTS.debian,
        ...{ mirrors, suites: suites.map((suite) => ({ suite })) },
        snapshot: { mode: 'off' as const, url: archive.url },
      },
    }
    return debianPlanner(
      { lists, log, inputs: store.inputs, now: () => NOW, fetch: createFetch() },
      settings,
      {
        ...{ keyring: key.publicKey, past: key.publicKey },
      },
    )
  }
  const request = (kernelRelease: string) =>
    ({ arch: 'x86_64', kind: 'kmod', kernelRelease, kernelVersion: '1' }) as const

  const ALL = ['bookworm-security', 'bookworm', 'bookworm-backports', 'trixie-security', 'trixie', 'sid']
  const everything = async () => {
    await add('bookworm-security', kernelDebs('6.1.0-56-amd64', '6.1.192-2', 'gcc-12'))
    await add('bookworm', kernelDebs('6.1.0-50-amd64', '6.1.176-1', 'gcc-12'))
    await add('bookworm-backports', kernelDebs('6.12.95+deb12-amd64', '6.12.95-1~bpo12+1', 'gcc-12'))
    await add('trixie-security', [])
    await add('trixie', kernelDebs('6.12.95+deb13-amd64', '6.12.95-1'))
    await add('sid', kernelDebs('7.2.13+deb14-amd64', '7.2.13-1', 'gcc-16-for-host'))
  }

  test.each([
    ['6.1.192-2-amd64', '6.1.0-56-amd64', 'gcc-12', 'bookworm'],
    ['6.12.95-1-amd64', '6.12.95+deb13-amd64', 'gcc-14', 'trixie'],
    ['7.2.13-1-amd64', '7.2.13+deb14-amd64', 'gcc-16', 'sid'],
  ])('is asked for %s in the suites of its release alone', async (name, unameRelease, compiler, release) => {
    await everything()
    const plan = await planner(ALL).plan(request(name))
    expect(plan).toMatchObject({ kernelRelease: name, unameRelease, compiler })
    const others = archive.asked.filter(
      (path) => path.includes('/dists/') && !path.includes(`/dists/${release}`),
    )
    expect(others).toEqual([])
    expect(archive.asked.filter((path) => path.includes('-backports'))).toEqual([])
  })

  test.each([
    ['6.12.95-1~bpo12+1-amd64', '6.12.95+deb12-amd64'],
    ['6.12.95+deb12-amd64', '6.12.95+deb12-amd64'],
    ['6.12.95+deb13-amd64', '6.12.95+deb13-amd64'],
    ['6.1.0-50-amd64', '6.1.0-50-amd64'],
  ])('knows which kernel %s is, of all that it has', async (name, unameRelease) => {
    await everything()
    const plans = planner(ALL)
    const plan = await plans.plan(request(name))
    expect(plan.unameRelease).toBe(unameRelease)
    // Under its canonical name it is the same kernel.
    expect(await plans.plan(request(plan.kernelRelease))).toMatchObject(plan)
  })

  test('has a kernel although suites that it should have are missing or cannot be reached', async () => {
    await everything()
    archive.answer = (path, response) => path.includes('/sid/') && !!response.writeHead(502).end()
    const plans = planner([...ALL, 'forky', 'bullseye-backports'])
    expect(await plans.plan(request('6.12.95+deb13-amd64'))).toMatchObject({
      kernelRelease: '6.12.95-1-amd64',
    })
    await expect(plans.plan(request('7.2.13-1-amd64'))).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(/no headers of kernel 7\.2\.13-1-amd64.* Not read: .*sid \(.*502\)/),
    })
    for (const name of ['linux-source-7.2', 'linux-headers-6.12.95+deb13-amd64'])
      await expect(plans.find!(name, 'x86_64', () => false)).rejects.toMatchObject({
        code: 'mirror-unreachable',
      })
    expect(await plans.find!('linux-headers-6.12.95+deb13-amd64', 'x86_64', () => true)).not.toEqual([])
  })

  test('says which suites it has not, and what to do, where it has no such kernel', async () => {
    await everything()
    await expect(
      planner([...ALL, 'bullseye-backports']).plan(request('6.1.9-1-amd64')),
    ).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(
        /Upgrade the host.* Not read: bullseye-backports \(.*404\) .*debian\.snapshot\.mode is off/,
      ),
    })
  })

  test('is not believed at all where a suite that must be read is forged', async () => {
    await everything()
    await add('forky', [], await archiveKey(NOW - 30 * DAY))
    const plans = planner([...ALL, 'forky'])
    await expect(plans.plan(request('6.12.95+deb13-amd64'))).rejects.toMatchObject({
      code: 'signature-invalid',
    })
    // What trixie has is decided without it.
    await expect(plans.plan(request('6.12.95-1-amd64'))).resolves.toBeDefined()
  })
})

test("a kernel's tools are those of its own release, though another one has them in a version that fits better", () => {
  const of = (suite: string, name: string, version: string, depends = ''): AptPackage => ({
    ...{ suite, name, version, depends, url: suite, sha256: '', bytes: 1, format: 'deb' },
  })
  const depends = (common: string) =>
    `${common}, linux-kbuild-6.1 (>= 6.1.170-3~deb11u1), linux-compiler-gcc-10-x86`
  const archive = [
    of('bookworm', 'linux-headers-6.1.0-47-common', '6.1.170-3'),
    of('bookworm', 'linux-kbuild-6.1', '6.1.170-3'),
    of('bookworm-security', 'linux-kbuild-6.1', '6.1.192-2'),
    of('bullseye', 'linux-headers-6.1.0-0.deb11.47-common', '6.1.170-3~deb11u1'),
    of('bullseye-security', 'linux-kbuild-6.1', '6.1.187-1~deb11u1'),
    of(
      'bullseye',
      'linux-headers-6.1.0-0.deb11.47-amd64',
      '6.1.170-3~deb11u1',
      depends('linux-headers-6.1.0-0.deb11.47-common'),
    ),
  ]
  const { headers } = planOf(archive, '6.1.170-3~deb11u1-amd64')
  expect(headers.map(({ url }) => url)).toEqual(['bullseye', 'bullseye-security', 'bullseye'])
})

test.each([
  ['6.1.192-2-amd64', 'bookworm'],
  ['6.1.170-3~deb11u1-cloud-amd64', 'bullseye'],
  ['6.12.95-1~bpo12+1-amd64', 'bookworm'],
  ['6.12.95+deb13-arm64-16k', 'trixie'],
  ['4.19.118-2+deb10u1~bpo9+1-arm64', 'stretch'],
  ['6.1.0-0.deb11.47-amd64', 'bullseye'],
  ['5.10.0-43-amd64', 'bullseye'],
  ['7.2.13-1-amd64', undefined],
  ['banana', undefined],
])('the name %s suggests %s', (name, codename) => {
  expect(codenameOf(name)).toBe(codename)
})

describe('what decides a plan', () => {
  const packages = (debs: readonly Deb[], suite: string): AptPackage[] =>
    debs.map(({ name, version, depends = '' }) => ({
      ...{ name, version, depends, url: suite, suite, sha256: `${name} ${version}`, bytes: 1, format: 'deb' },
    }))
  /** Up to 6.1 one package of tools served all kernels of a series, in whatever version a suite had of it. */
  const ofSeries = ({ name, version, depends }: Deb): Deb => ({
    name: name.replace(/^linux-kbuild-.*/, 'linux-kbuild-6.12'),
    version,
    ...(depends === undefined
      ? {}
      : { depends: depends.replace(/linux-kbuild-[^,]+/, `linux-kbuild-6.12 (>= ${version})`) }),
  })
  const kernel = fc
    .record({
      patch: fc.integer({ min: 1, max: 3 }),
      suffix: fc.constantFrom('', '~bpo12+1', '~deb12u1'),
      flavour: fc.constantFrom('amd64', 'cloud-amd64'),
      missing: fc.integer({ min: 0, max: 12 }),
    })
    .map(({ patch, suffix, flavour, missing }) => {
      const abi = `6.12.${patch}${suffix === '' ? '+deb13' : suffix.includes('bpo') ? '+bpo12' : '+deb12'}`
      // A suite may lack a part: the image is signed after the headers are there.
      return kernelDebs(`${abi}-${flavour}`, `6.12.${patch}-1${suffix}`)
        .map(ofSeries)
        .filter((_, i) => i !== missing)
    })
  const elsewhere = fc.constantFrom('bookworm', 'bookworm-security', 'sid', 'trixie-backports')
  const suite = fc.array(kernel, { maxLength: 4 }).map((kernels) => kernels.flat())

  test('decides it whatever other suites have', () => {
    let decided = 0
    fc.assert(
      fc.property(suite, suite, elsewhere, fc.integer({ min: 1, max: 3 }), (some, more, other, patch) => {
        const part = packages(some, 'trixie-security')
        const whole = [...part, ...packages(more, other)]
        for (const name of [
          `6.12.${patch}-1-amd64`,
          `6.12.${patch}-1-cloud-amd64`,
          `6.12.${patch}+deb12-amd64`,
        ]) {
          if (!isDecided(part, name)) continue
          decided += 1
          const { headers, image, ...plan } = planOf(part, name)
          const all = planOf(whole, name)
          expect(all).toMatchObject(plan)
          expect(all.headers.map(({ sha256 }) => sha256)).toEqual(headers.map(({ sha256 }) => sha256))
          expect(all.image?.sha256).toBe(image?.sha256)
        }
      }),
      { numRuns: 2000 },
    )
    expect(decided).toBeGreaterThan(100)
  })
})
