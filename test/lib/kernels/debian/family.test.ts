// Debian, Raspberry Pi OS and Proxmox VE call themselves Debian, and have an archive and keys each: every name that a client
// has made of such a host finds that host's kernel, in its own archive, by its own keys.

import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFetch } from '../../../../lib/aws/fetch.ts'
import { type HostFacts, hostFacts } from '../../../../lib/clients/facts.ts'
import { debianFamily } from '../../../../lib/kernels/debian/family.ts'
import { checkDebian } from '../../../../lib/kernels/debian/names.ts'
import { OTHER_NAMES, type OtherName } from '../../../../lib/kernels/debian/others.ts'
import { DEFAULTS } from '../../../../lib/kernels/settings.ts'
import type { Arch, Machines } from '../../../../lib/model/probe.ts'
import { parseProbe } from '../../../../lib/names/grammar.ts'
import { type DebianFamily, debianFamilyArchives } from '../../../support/apt/debian-family.ts'
import { NO_SNAPSHOT } from '../../../support/debian.ts'
import { clientNames, RAW } from '../../../support/hosts.ts'
import { memoryPorts } from '../../../support/memory.ts'
import { type Mirror, startMirror } from '../../../support/rpm/mirror.ts'
import { type RpmSigner, rpmSigner } from '../../../support/rpm/repository.ts'

const configOf = (uname: string, gcc: string) =>
  `# Linux/${uname} Kernel Configuration\nCONFIG_CC_VERSION_TEXT="gcc-${gcc} (Debian ${gcc}.2.0-14) ${gcc}.2.0"\nCONFIG_CC_IS_GCC=y\nCONFIG_GCC_VERSION=${gcc}0200\n`
const treeOf = (uname: string, gcc = '12') => ({
  [`usr/src/linux-headers-${uname}/.config`]: configOf(uname, gcc),
})

let folder: string
let mirror: Mirror
let archives: DebianFamily
let keys: Readonly<Record<'debian' | OtherName, RpmSigner>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'debian-family-'))
  mirror = await startMirror(folder)
  keys = { debian: rpmSigner('Debian'), raspberrypi: rpmSigner('Raspberry'), proxmox: rpmSigner('Proxmox') }
  archives = debianFamilyArchives(folder)
  archives.packDebian('6.1.0-56-amd64', '6.1.192-2', treeOf('6.1.0-56-amd64'))
  archives.packDebian('6.8.12-4-pve', '6.8.12-4', treeOf('6.8.12-4-pve'))
  archives.packProxmox('6.8.12-4-pve', '6.8.12-4', treeOf('6.8.12-4-pve'))
  archives.packProxmox('6.8.12-40-pve', '6.8.12-40', treeOf('6.8.12-40-pve'))
  archives.packProxmox('5.15.131-2-pve', '5.15.131-2', treeOf('5.15.131-2-pve', '10'))
  archives.packProxmox('5.15.131-2-pve', '5.15.131-3', treeOf('5.15.131-2-pve', '10'))
  archives.packProxmox('6.14.11-4-bpo12-pve', '6.14.11-4~bpo12+1', treeOf('6.14.11-4-bpo12-pve'))
  archives.packProxmox('6.14.11-5-bpo12-pve', '6.14.11-5~bpo12+1', treeOf('6.14.11-5-bpo12-pve'))
  archives.packProxmox('6.14.11-5-pve', '6.14.11-5', treeOf('6.14.11-5-pve', '14'))
  archives.packProxmox('6.1.192-2-pve', '6.1.192-2', treeOf('6.1.192-2-pve'))
  archives.packProxmox('6.9.1-1-pve', '6.9.1-1', treeOf('6.9.1-2-pve'))
  for (const uname of ['6.12.34+rpt-rpi-v8', '6.12.34+rpt-rpi-2712'])
    archives.packRaspberryPi({ uname, version: '1:6.12.34-1+rpt1~bookworm', content: treeOf(uname) })
  archives.packRaspberryPi({
    uname: '6.1.0-rpi7-rpi-v8',
    version: '1:6.1.63-1+rpt1',
    content: treeOf('6.1.0-rpi7-rpi-v8'),
  })
  archives.packSharedHeaders('1:1.20230405-1', {
    ...treeOf('6.1.21-v8+', '10'),
    ...treeOf('6.1.21-v7l+', '10'),
  })
  for (const layout of ['debian', ...OTHER_NAMES] as const) archives.sign(layout, keys[layout])
}, 60_000)
afterAll(async () => {
  mirror.stop()
  for (const key of Object.values(keys)) key.remove()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  mirror.asked.length = 0
})

interface Options {
  readonly raspberrypi?: object
  readonly proxmox?: object
  readonly debianMirror?: string
  readonly machines?: Machines
}

function family({ raspberrypi = {}, proxmox = {}, debianMirror, machines }: Options = {}) {
  const { store, lists, log, inside } = memoryPorts({ now: Date.now })
  const ports = { fetch: createFetch(), inputs: store.inputs, lists, log, now: Date.now }
  const other = (name: OtherName, own: object) => ({
    ...DEFAULTS.debian[name],
    ...{ mirror: `${mirror.url}/${name}`, suites: ['bookworm'], keys: [keys[name].publicKey], ...own },
  })
  const debian = {
    ...DEFAULTS.debian,
    suites: [{ mirror: debianMirror ?? `${mirror.url}/debian`, suite: 'bookworm' }],
    snapshot: NO_SNAPSHOT,
    raspberrypi: other('raspberrypi', raspberrypi),
    proxmox: other('proxmox', proxmox),
  }
  const keyrings = { keyring: keys.debian.publicKey, past: keys.debian.publicKey }
  const more = machines === undefined ? {} : { machines }
  return { ...debianFamily({ ...ports, ...more }, { debian }, keyrings), inside }
}
const request = (kernelRelease: string, arch: Arch = 'x86_64') =>
  ({ arch, kind: 'kmod', kernelRelease, kernelVersion: '1' }) as const
const asked = () => [...new Set(mirror.asked.map((path) => path.split('/')[1]))]
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

const host = (raw: Parameters<typeof hostFacts>[0]) => hostFacts(raw)
const pve = (release: string, version: string) => host({ ...RAW.proxmox, release, version })
const pi = (release: string, version: string, os: 'raspberryPi' | 'raspbian' = 'raspberryPi') =>
  host({ ...RAW[os], release, version })
const RPT = '#1 SMP PREEMPT Debian 1:6.12.34-1+rpt1~bookworm (2025-06-26)'
const V8 = '#1642 SMP PREEMPT Mon Apr 3 17:24:16 BST 2023'

/** What each client there has been asks for on that host, as the registry reads it, and whether it leaves out the flavour. */
const namesOn = (facts: HostFacts) =>
  clientNames(facts, { driverVersion: '10.2.0+driver', driverName: 'falco', kind: 'kmod' }).map(
    ({ path }) => parseProbe(path).probe,
  )

describe('the name that each client makes of a host finds that very kernel', () => {
  test.each<[string, HostFacts, number]>([
    ['6.8.12-4-pve', host(RAW.proxmox), 2],
    ['5.15.131-2-pve', pve('5.15.131-2-pve', '#1 SMP PVE 5.15.131-3 (2023-11-14T11:32Z)'), 2],
    [
      '6.14.11-4-bpo12-pve',
      pve('6.14.11-4-bpo12-pve', '#1 SMP PREEMPT_DYNAMIC PMX 6.14.11-4~bpo12+1 (2025-10-10T08:04Z)'),
      2,
    ],
    ['6.1.0-rpi7-rpi-v8', pi('6.1.0-rpi7-rpi-v8', '#1 SMP PREEMPT Debian 1:6.1.63-1+rpt1 (2023-11-24)'), 2],
    ['6.12.34+rpt-rpi-v8', host(RAW.raspbian), 1],
    ['6.1.21-v8+', pi('6.1.21-v8+', V8), 1],
    ['6.1.21-v8+', pi('6.1.21-v8+', V8, 'raspbian'), 1],
  ])('%s', async (uname, facts, count) => {
    const names = namesOn(facts)
    expect(names.length).toBeGreaterThan(5)
    expect(new Set(names.map(({ kernelRelease }) => kernelRelease)).size).toBe(count)
    const { plan } = family()
    const canonical = new Set<string>()
    for (const name of names) {
      expect(name.target).toBe('debian')
      const planned = await plan(name)
      expect(planned).toMatchObject({ unameRelease: uname, tree: `usr/src/linux-headers-${uname}` })
      canonical.add(planned.kernelRelease)
    }
    expect(canonical.size).toBe(1)
    expect([...canonical].every((name) => names.some(({ kernelRelease }) => kernelRelease === name))).toBe(
      true,
    )
  })

  test('but where two kernels have one version, what leaves out the flavour is refused, with both', async () => {
    const { plan } = family()
    for (const name of namesOn(pi('6.12.34+rpt-rpi-2712', RPT))) {
      if (name.kernelRelease.includes('rpi')) {
        expect(await plan(name)).toMatchObject({
          kernelRelease: '6.12.34+rpt-rpi-2712',
          unameRelease: '6.12.34+rpt-rpi-2712',
        })
        continue
      }
      expect(name.kernelRelease).toBe('6.12.34-1')
      await expect(plan(name)).rejects.toMatchObject({
        code: 'headers-not-found',
        message: expect.stringMatching(
          /2 kernels of Raspberry Pi OS, 6\.12\.34\+rpt-rpi-2712 and 6\.12\.34\+rpt-rpi-v8.*uname -r.*POST/,
        ),
      })
    }
  })
})

describe('a plan', () => {
  test('of Proxmox has the whole tree in one package, the compiler of its config, and its image', async () => {
    const plan = await family().plan(request('5.15.131-3'))
    expect(plan).toMatchObject({
      compiler: 'gcc-10',
      compilerText: 'gcc-10 (Debian 10.2.0-14) 10.2.0',
      image: { name: 'pve-kernel-5.15.131-2-pve', version: '5.15.131-3' },
    })
    expect(plan.headers).toMatchObject([{ name: 'pve-headers-5.15.131-2-pve', version: '5.15.131-3' }])
  })

  test('of Raspberry Pi has what flavours share, and the programs', async () => {
    const plan = await family().plan(request('6.12.34+rpt-rpi-v8', 'aarch64'))
    expect(plan.headers.map(({ name }) => name)).toEqual([
      'linux-headers-6.12.34+rpt-common-rpi',
      'linux-kbuild-6.12.34+rpt',
      'linux-headers-6.12.34+rpt-rpi-v8',
    ])
    expect(plan).toMatchObject({ compiler: 'gcc-12', image: { name: 'linux-image-6.12.34+rpt-rpi-v8' } })
  })

  test('of an exact version is never that of another whose version only begins so', async () => {
    expect(await family().plan(request('6.14.11-5'))).toMatchObject({ unameRelease: '6.14.11-5-pve' })
    expect(await family().plan(request('6.14.11-5-bpo12-pve'))).toMatchObject({
      kernelRelease: '6.14.11-5-bpo12-pve',
    })
  })

  test('asks the archive of its own kernel, and no other one, whichever has a version like it', async () => {
    const { plan } = family()
    expect(await plan(request('6.1.192-2-amd64'))).toMatchObject({ unameRelease: '6.1.0-56-amd64' })
    expect(asked()).toEqual(['debian'])
    mirror.asked.length = 0
    expect(await plan(request('6.1.192-2'))).toMatchObject({ unameRelease: '6.1.192-2-pve' })
    await plan(request('6.8.12-4-pve'))
    expect(asked()).toEqual(['proxmox'])
    mirror.asked.length = 0
    await plan(request('6.1.21-v8+', 'aarch64'))
    expect(asked()).toEqual(['raspberrypi'])
  })

  test('is warm within a second: a tree is unpacked once', async () => {
    const { plan } = family()
    await plan(request('6.8.12-4-pve'))
    mirror.asked.length = 0
    const begun = performance.now()
    await plan(request('6.8.12-4'))
    expect(performance.now() - begun).toBeLessThan(1000)
    expect(mirror.asked).toEqual([])
  })

  test.each<[string, string, Arch]>([
    ['6.8.12-5-pve', 'Proxmox VE', 'x86_64'],
    ['6.8.12-5', 'Proxmox VE', 'x86_64'],
    ['6.12.35+rpt-rpi-v8', 'Raspberry Pi OS', 'aarch64'],
    ['6.1.22-v8+', 'Raspberry Pi OS', 'aarch64'],
    ['6.12.35-1', 'Raspberry Pi OS', 'aarch64'],
  ])('of %s, which the archive of %s has not, says what to do', async (release, title, arch) => {
    await expect(family().plan(request(release, arch))).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(new RegExp(`^the archive of ${title} has no headers.*Upgrade.*POST`)),
    })
  })

  test('of a package that holds the tree of another kernel is refused', async () => {
    await expect(family().plan(request('6.9.1-1-pve'))).rejects.toMatchObject({
      code: 'headers-not-found',
      message: 'proxmox-headers-6.9.1-1-pve 6.9.1-1 holds no usr/src/linux-headers-6.9.1-1-pve/.config',
    })
  })
})

describe('a name that is none', () => {
  test.each<[string, Arch]>([
    ['6.8.12-4-pve', 'aarch64'],
    ['6.12.34+rpt-rpi-v8', 'x86_64'],
    ['6.1.21-v8+', 'x86_64'],
    ['6.8.12-4-pve$(id)', 'x86_64'],
    ['6.8.12-4-PVE', 'x86_64'],
    ['6.8.12-pve', 'x86_64'],
    ['6.12.34+rpt-rpi-v7l', 'aarch64'],
    ['6.12.34+rpt-rpi-v8-unsigned', 'aarch64'],
    ['6.8.12-4-', 'x86_64'],
  ])('%s of %s is refused, and costs nothing', async (release, arch) => {
    expect(() => checkDebian(request(release, arch))).toThrow(
      expect.objectContaining({ code: 'unsupported-kernel' }),
    )
    await expect(family().plan(request(release, arch))).rejects.toMatchObject({ code: 'unsupported-kernel' })
    expect(mirror.asked).toEqual([])
  })
})

describe('keys', () => {
  const foreign = async (
    layout: 'debian' | OtherName,
    by: RpmSigner,
    asked: string,
    arch: Arch = 'x86_64',
  ) => {
    archives.sign(layout, by)
    try {
      return await refusal(family().plan(request(asked, arch)))
    } finally {
      archives.sign(layout, keys[layout])
    }
  }

  test("of one archive vouch for no other one's suite", async () => {
    const notBelieved = {
      code: 'signature-invalid',
      message: expect.stringContaining('no key of the keyring'),
    }
    expect(await foreign('proxmox', keys.debian, '6.8.12-4-pve')).toMatchObject(notBelieved)
    expect(await foreign('proxmox', keys.raspberrypi, '6.8.12-4-pve')).toMatchObject(notBelieved)
    expect(await foreign('raspberrypi', keys.proxmox, '6.12.34+rpt-rpi-v8', 'aarch64')).toMatchObject(
      notBelieved,
    )
    expect(await foreign('debian', keys.proxmox, '6.1.192-2-amd64')).toMatchObject(notBelieved)
  })

  test('that the operator names for one archive are watched with those of all', () => {
    const known = family()
      .certificates()
      .map(({ fingerprint }) => fingerprint)
    for (const own of [
      'CF8A1AF502A2AA2D763BAE7E82B129927FA3303E',
      '28139A2F830BD68478A1A01FDD4BA3917E23BF59',
      'F4E136C67CDCE41AE6DE6FC81140AF8F639E0C39',
      '24B30F06ECC1836A4E5EFECBA7BCD1420BFE778E',
    ])
      expect(known).toContain(own)
    // Debian's of the test, and one of each other archive's.
    expect(known).toHaveLength(4 + 3)
  })

  test('that are none fail the plans of their own archive, and no other ones', async () => {
    const { plan, certificates } = family({ proxmox: { keys: ['no key'] } })
    expect(await plan(request('6.1.192-2-amd64'))).toMatchObject({ unameRelease: '6.1.0-56-amd64' })
    await expect(plan(request('6.8.12-4-pve'))).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('debian.proxmox.keys'),
    })
    expect(certificates().length).toBeGreaterThan(0)
  })
})

describe('a mirror that is down', () => {
  const AWAY = 'http://127.0.0.1:9/none'

  test('fails the kernels of its own archive alone, and they are asked for again', async () => {
    const { plan } = family({ proxmox: { mirror: AWAY } })
    await expect(plan(request('6.8.12-4'))).rejects.toMatchObject({ code: 'mirror-unreachable' })
    expect(await plan(request('6.1.192-2-amd64'))).toMatchObject({ unameRelease: '6.1.0-56-amd64' })
    expect(await family({ debianMirror: AWAY }).plan(request('6.8.12-4'))).toMatchObject({
      unameRelease: '6.8.12-4-pve',
    })
  })

  test('for one suite of it is said where a kernel was not found', async () => {
    const { plan } = family({ proxmox: { suites: ['bookworm', 'trixie'] } })
    expect(await plan(request('6.8.12-4'))).toMatchObject({ unameRelease: '6.8.12-4-pve' })
    await expect(plan(request('6.8.12-5'))).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringContaining('Not read: trixie'),
    })
  })

  test('that serves another package than it signed is not believed', async () => {
    const shown = 'proxmox/pool/main/l/linux/proxmox-headers-6.8.12-40-pve_6.8.12-40_amd64.deb'
    rmSync(join(folder, shown))
    await expect(family().plan(request('6.8.12-40'))).rejects.toMatchObject({ code: 'not-found' })
    archives.packProxmox('6.8.12-40-pve', '6.8.12-40', { evil: 'x' })
    await expect(family().plan(request('6.8.12-40'))).rejects.toMatchObject({
      code: expect.stringMatching(/digest-mismatch|too-large/),
    })
  })
})

describe('builds on machines of another architecture', () => {
  test('are refused before anything is asked for, with what to set', async () => {
    const { plan } = family({ machines: { x86_64: 'x86_64', aarch64: 'x86_64' } })
    for (const name of ['6.12.34+rpt-rpi-v8', '6.1.21-v8+'])
      await expect(plan(request(name, 'aarch64'))).rejects.toMatchObject({
        code: 'headers-not-found',
        message: expect.stringMatching(/for arm64 only.*build\.machines\.aarch64/),
      })
    expect(mirror.asked).toEqual([])
    expect(await plan(request('6.8.12-4'))).toMatchObject({ unameRelease: '6.8.12-4-pve' })
  })
})

describe('a kernel of theirs', () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex')
  const asked = (unameRelease: string, config: string, arch: Arch = 'x86_64') => ({
    arch,
    unameRelease,
    configMd5: md5(config),
  })

  test('is known by its config, and not by another', async () => {
    const { identify } = family()
    expect(await identify(asked('6.8.12-4-pve', configOf('6.8.12-4-pve', '12')))).toEqual({
      kernelRelease: '6.8.12-4',
      kernelVersion: '1',
    })
    const rpt = '6.12.34+rpt-rpi-v8'
    expect(await identify(asked(rpt, configOf(rpt, '12'), 'aarch64'))).toMatchObject({ kernelRelease: rpt })
    await expect(identify(asked('6.8.12-4-pve', 'another'))).rejects.toMatchObject({
      code: 'headers-not-found',
    })
  })

  test('is none that calls itself as no such kernel does: nobody is asked', async () => {
    await expect(family().identify(asked('6.8.12-4', 'any'))).rejects.toMatchObject({
      code: 'headers-not-found',
    })
    expect(mirror.asked).toEqual([])
  })

  test('is built of the packages that a host names, where they are its own', async () => {
    const { planPackages } = family()
    const kernel = {
      arch: 'x86_64',
      kernelRelease: '6.8.12-4-mine',
      unameRelease: '6.8.12-4-pve',
      compiler: 'gcc-9',
    } as const
    const url = 'http://elsewhere.invalid/proxmox-headers-6.8.12-4-pve_6.8.12-4_amd64.deb'
    expect(await planPackages({ ...kernel, kernelUrls: [url] })).toMatchObject({
      kernelRelease: '6.8.12-4-mine',
      compiler: 'gcc-12',
      headers: [
        { url: `${mirror.url}/proxmox/pool/main/l/linux/proxmox-headers-6.8.12-4-pve_6.8.12-4_amd64.deb` },
      ],
    })
    await expect(
      planPackages({ ...kernel, kernelUrls: [url.replaceAll('-4', '-40')] }),
    ).rejects.toMatchObject({ code: 'headers-not-found' })
  })
})
