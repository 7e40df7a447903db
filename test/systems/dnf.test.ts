// Tests the rpm repositories with a host that has Debian's dnf and rpm. Its sources are a distribution's own repository of
// kernels and the registry's repository, as docs/rpm.md describes.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REPOMD, SIGNATURE } from '../../lib/packages/rpm/paths.ts'
import { generateSigningKey } from '../../lib/signing/key.ts'
import { LONG } from '../support/long.ts'
import { probeBytes } from '../support/probe.ts'
import { type DnfHost, dnfHost, whyNoDnf } from '../support/rpm/dnf.ts'
import { type OwnKernels, ownKernels, writeSources } from '../support/rpm/own-kernels.ts'
import {
  DRIVER_VERSION,
  type Kernel,
  type RpmRegistry,
  rpmRegistry,
  type Served,
  serveRpms,
} from '../support/rpm/registry.ts'

const whyNot = whyNoDnf()
const MINUTES = 60_000
const [FIRST, SECOND, THIRD, FAR] = ['427.el9', '427.5.el9_4', '427.9.el9_4', '503.el9_5'] as const
const OTHER_VERSION = '11.0.0+driver'
const MODULE = probeBytes()
const ID = `rpm/${DRIVER_VERSION}/almalinux-el9`

const kernelOf = (release: string, driverVersion = DRIVER_VERSION): Kernel => ({
  ...{ target: 'almalinux', release: unameOf(release), driverVersion, module: MODULE },
  headers: { name: 'kernel-devel', version: unameOf(release) },
})
const unameOf = (release: string) => `5.14.0-${release}.x86_64`
const probeOf = (release: string, driverVersion = DRIVER_VERSION) =>
  `falco-probe-${driverVersion}-${unameOf(release)} 5.14.0-${release}`

/** bookworm has rpm 4.18 and dnf 4.14, similar to EL 9; trixie has rpm 4.20, which verifies with Sequoia, and dnf 4.23. */
const SUITES = LONG ? ['bookworm', 'trixie'] : ['bookworm']

describe.skipIf(whyNot !== undefined).each(SUITES)(
  `a host with the dnf of %s${whyNot === undefined ? '' : `: ${whyNot}`}`,
  (suite) => {
    let host: DnfHost
    let distribution: OwnKernels
    let registry: RpmRegistry
    let served: Served

    const release = (kernel: string) => distribution.release(`5.14.0-${kernel}`)
    const useRegistry = (at: Served, driverVersion = DRIVER_VERSION) =>
      writeSources(host, at.url, driverVersion)
    const refresh = () => host.run('dnf', '-y', '--refresh', 'makecache')
    /** dnf first checks for a cached copy of each file; without one it reads the file once. */
    const forget = () => host.dnf('clean', 'metadata')
    const moduleOf = (kernel: string) => join(host.root, `lib/modules/${unameOf(kernel)}/extra/falco.ko`)
    /** depmod writes this file. */
    const dependencies = (kernel: string) =>
      readFileSync(join(host.root, `lib/modules/${unameOf(kernel)}/modules.dep`), 'utf8')
    const probes = async () => (await host.installed()).filter((name) => name.startsWith('falco-probe-'))

    beforeAll(async () => {
      host = dnfHost(suite)
      distribution = await ownKernels()
      registry = await rpmRegistry()
      served = await serveRpms(registry)
      release(FIRST)
      await distribution.addTo(host)
      host.write('etc/pki/rpm-gpg/falco-probes.asc', registry.publicKey)
      for (const kernel of [FIRST, FAR]) await registry.publish(kernelOf(kernel))
      useRegistry(served)
      await host.dnf('install', 'kernel-core')
    }, 10 * MINUTES)
    afterAll(() => {
      served?.stop()
      distribution?.stop()
      host?.remove()
    })

    test('installs the module of its kernel, and no module of a kernel that it does not have', async () => {
      await host.dnf('install', 'falco-probe-kernel')
      expect(await probes()).toEqual([
        probeOf(FIRST),
        expect.stringMatching(/^falco-probe-kernel 10\.2\.0\+driver-\d+$/),
      ])
      expect(readFileSync(moduleOf(FIRST))).toEqual(Buffer.from(MODULE))
      expect(dependencies(FIRST)).toMatch(/^extra\/falco\.ko:/m)
      const docs = join(host.root, `usr/share/doc/falco-probe-${DRIVER_VERSION}-${unameOf(FIRST)}`)
      expect(readFileSync(join(docs, 'statement'), 'utf8')).toContain(`!uname-release=${unameOf(FIRST)}\n`)
      expect(existsSync(join(docs, 'falco.ko.asc'))).toBe(true)
    })

    test('installs a new kernel together with its module, although the registry has probes for newer kernels', async () => {
      await registry.publish(kernelOf(SECOND))
      release(SECOND)
      await host.dnf('--refresh', 'upgrade')
      expect(await host.installed()).toContain(`kernel-core 5.14.0-${SECOND}`)
      expect(await probes()).toEqual([probeOf(SECOND), probeOf(FIRST), expect.stringContaining('-kernel ')])
      // The test's kernel package does not run depmod.
      expect(dependencies(SECOND)).toMatch(/^extra\/falco\.ko:/m)
      expect(existsSync(moduleOf(FAR))).toBe(false)
    })

    test('gets a probe with the next upgrade if the registry published it after the kernel was installed', async () => {
      release(THIRD)
      await host.dnf('--refresh', 'upgrade')
      expect(await host.installed()).toContain(`kernel-core 5.14.0-${THIRD}`)
      expect(existsSync(moduleOf(THIRD))).toBe(false)
      await registry.publish(kernelOf(THIRD))
      await host.dnf('--refresh', 'upgrade')
      expect(existsSync(moduleOf(THIRD))).toBe(true)
    })

    test('reads a list and its own signature, although the registry publishes new ones between the two requests', async () => {
      const [before, after] = ['1.el9', '2.el9']
      await registry.publish(kernelOf(before!))
      await forget()
      served.before('/repomd.xml.asc', () => registry.publish(kernelOf(after!)))
      expect(await refresh()).toMatchObject({ status: 0 })
      const offered = (await host.run('dnf', '-qC', 'list', '--available', 'falco-probe-*')).output
      expect(offered).toContain(unameOf(before!))
      expect(offered).not.toContain(unameOf(after!))
    })

    test('without the mirror list may read a list and the signature of another one: it retries once, then fails until the next refresh', async () => {
      const source = useRegistry(served)
      const plain = source.replace(/^mirrorlist=.*$/m, `baseurl=${served.url}/${ID}/`)
      host.write('etc/yum.repos.d/falco-probes.repo', plain)
      // For dnf this repository is new: it imports the key, and then reads the lists again.
      await refresh()
      await forget()
      served.asked.length = 0
      served.before('/repomd.xml.asc', () => registry.publish(kernelOf('3.el9')))
      expect(await refresh()).toMatchObject({ status: 0 })
      expect(served.asked.filter((path) => path.endsWith(`${ID}/${SIGNATURE}`))).toHaveLength(2)
      await forget()
      for (const kernel of ['4.el9', '5.el9'])
        served.before('/repomd.xml.asc', () => registry.publish(kernelOf(kernel)))
      const { status, output } = await refresh()
      expect(output).toMatch(/repomd\.xml GPG signature verification error: Bad GPG signature/)
      expect(status).not.toBe(0)
      expect(await refresh()).toMatchObject({ status: 0 })
      useRegistry(served)
    })

    test('refuses a changed list', async () => {
      served.tamper((_, body) =>
        Buffer.from(body).includes('<repomd')
          ? Buffer.from(Buffer.from(body).toString().replace('</revision>', '1</revision>'))
          : body,
      )
      const { status, output } = await refresh()
      served.tamper(undefined)
      expect(output).toMatch(/Bad GPG signature/)
      expect(status).not.toBe(0)
    })

    test('refuses a changed package', async () => {
      served.tamper((path, body) => {
        if (!path.endsWith('.rpm')) return body
        const changed = Buffer.from(body)
        changed[changed.length - 20]! ^= 1
        return changed
      })
      const { status, output } = await host.run(
        'dnf',
        '-y',
        'install',
        `falco-probe-${DRIVER_VERSION}-${unameOf(FAR)}`,
      )
      served.tamper(undefined)
      expect(output).toMatch(/checksum|No more mirrors/i)
      expect(status).not.toBe(0)
      expect(existsSync(moduleOf(FAR))).toBe(false)
    })

    test('refuses lists that another key signed, and packages that another key signed in correctly signed lists', async () => {
      const stranger = await generateSigningKey(
        { name: 'X', email: 'x@example.org' },
        () => registry.clock.now,
      )
      const mixed = await rpmRegistry({ packager: stranger })
      await mixed.publish(kernelOf(FAR))
      const other = await serveRpms(mixed)
      useRegistry(other)
      const install = () =>
        host.run('dnf', '-y', '--refresh', 'install', `falco-probe-${DRIVER_VERSION}-${unameOf(FAR)}`)
      const refused = await install()
      expect(refused.output).toMatch(/GPG check FAILED/)
      host.write('etc/pki/rpm-gpg/falco-probes.asc', stranger.publicKey)
      await host.run('sh', '-c', 'rm -rf /var/cache/dnf')
      const lists = await install()
      expect(lists.output).toMatch(/repomd\.xml GPG signature verification error/)
      expect([refused.status, lists.status]).not.toContain(0)
      expect(existsSync(moduleOf(FAR))).toBe(false)
      host.write('etc/pki/rpm-gpg/falco-probes.asc', registry.publicKey)
      useRegistry(served)
      other.stop()
    })

    test('accepts an older list, as dnf does for every repository, but downgrades no package', async () => {
      const { files } = (await registry.memory.pointers.read(ID))!
      const repoinfo = async () => (await host.run('dnf', '-qC', 'repoinfo', 'falco-probes')).output
      const revision = async () => Number(/Repo-revision\s*: (\d+)/.exec(await repoinfo())?.[1])
      expect(await refresh()).toMatchObject({ status: 0 })
      const first = await revision()
      await registry.publish(kernelOf('6.el9'))
      await host.dnf('--refresh', 'upgrade')
      const [second, before] = [await revision(), await host.installed()]
      const old = `${ID}/at/${files[REPOMD]!.sha256}/${files[SIGNATURE]!.sha256}`
      served.tamper((path, body) =>
        path.endsWith('/mirrorlist') ? Buffer.from(`${served.url}/${old}/`) : body,
      )
      await host.dnf('--refresh', 'upgrade')
      served.tamper(undefined)
      expect(second).toBeGreaterThan(first)
      expect(await revision()).toBe(first)
      expect(await host.installed()).toEqual(before)
    })

    test('keeps an installed probe after its withdrawal, no longer finds it in the list, and still upgrades its kernel', async () => {
      await registry.withdraw(kernelOf(SECOND))
      await host.dnf('--refresh', 'upgrade')
      expect(await probes()).toContain(probeOf(SECOND))
      const offered = (await host.run('dnf', '-qC', 'list', '--available', 'falco-probe-*')).output
      expect(offered).not.toContain(unameOf(SECOND))
      await registry.publish(kernelOf('427.20.el9_4'))
      await host.dnf('--refresh', 'upgrade')
      await registry.withdraw(kernelOf('427.20.el9_4'))
      release('427.20.el9_4')
      await host.dnf('--refresh', 'upgrade')
      expect(await host.installed()).toContain('kernel-core 5.14.0-427.20.el9_4')
      expect(existsSync(moduleOf('427.20.el9_4'))).toBe(false)
    })

    test('changes to another driver version by a new URL, and has one probe for each kernel', async () => {
      for (const kernel of [SECOND, THIRD]) await registry.publish(kernelOf(kernel, OTHER_VERSION))
      useRegistry(served, OTHER_VERSION)
      await host.dnf('--refresh', 'upgrade', '--allowerasing')
      // Removes the probe of the first kernel, which dnf removed at its limit of kernels.
      await host.dnf('autoremove')
      expect(await probes()).toEqual([
        probeOf(SECOND, OTHER_VERSION),
        probeOf(THIRD, OTHER_VERSION),
        expect.stringMatching(/^falco-probe-kernel 11\.0\.0\+driver-/),
      ])
    })

    test('has no probe and no module after the removal of the package', async () => {
      await host.dnf('remove', 'falco-probe-kernel')
      expect(await probes()).toEqual([])
      expect(existsSync(moduleOf(THIRD))).toBe(false)
      expect(dependencies(THIRD)).toBe('')
    })
  },
)
