import { gunzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import { readRepomd } from '../../../../lib/archives/rpm/repomd.ts'
import { unarmor } from '../../../../lib/formats/openpgp/armor.ts'
import { readCertificates } from '../../../../lib/formats/openpgp/certificates.ts'
import { signaturesOf } from '../../../../lib/formats/openpgp/signature.ts'
import { check } from '../../../../lib/formats/openpgp/verify.ts'
import { packageAnswer } from '../../../../lib/packages/answer.ts'
import type { PackagePorts } from '../../../../lib/packages/channel.ts'
import { packages, refreshPackages } from '../../../../lib/packages/packages.ts'
import { REPOMD, SIGNATURE } from '../../../../lib/packages/rpm/paths.ts'
import {
  DRIVER_VERSION,
  type Kernel,
  keyOf,
  type RpmRegistry,
  rpmRegistry,
} from '../../../support/rpm/registry.ts'

const ID = `rpm/${DRIVER_VERSION}/almalinux-el9`
const HOUR = 3_600_000

const kernelOf = (release: string, more: Partial<Kernel> = {}): Kernel => ({
  target: 'almalinux',
  release: `${release}.x86_64`,
  headers: { name: 'kernel-devel', version: `${release}.x86_64` },
  ...more,
})
const OLD = kernelOf('5.14.0-427.el9')
const NEW = kernelOf('5.14.0-503.el9_5')
const nameOf = ({ release }: Kernel) => `falco-probe-${DRIVER_VERSION}-${release}`
const FLAVOUR = 'falco-probe-kernel'

let registry: RpmRegistry
beforeEach(async () => {
  registry = await rpmRegistry()
})

const shown = () => registry.memory.pointers.read(ID)
const byHash = (sha256: string) => registry.body(`rpm/by-hash/${sha256}`)

async function primary(): Promise<string> {
  const repomd = byHash((await shown())!.files[REPOMD]!.sha256)
  return gunzipSync(byHash(readRepomd(repomd, '').get('primary')!.digest)).toString()
}
const listed = async (): Promise<string[]> =>
  [...(await primary()).matchAll(/<name>(.*?)<\/name>/g)].map(([, name]) => name!).sort()
const wanted = async (): Promise<string[]> =>
  [...(await primary()).matchAll(/name="\((\S+) if /g)].map(([, name]) => name!)
const flavourRelease = async (): Promise<string | undefined> =>
  new RegExp(`<name>${FLAVOUR}</name>.*?rel="(\\d+)"`).exec(await primary())?.[1]

describe('a probe', () => {
  test('is in the list of its distribution after its publication, and the package of its flavour refers to it', async () => {
    await registry.publish(OLD)
    expect(await listed()).toEqual([nameOf(OLD), FLAVOUR].sort())
    expect(await wanted()).toEqual([nameOf(OLD)])
  })

  test('is listed together with the earlier ones, for hosts with those kernels', async () => {
    for (const kernel of [NEW, OLD]) await registry.publish(kernel)
    expect(await listed()).toEqual([nameOf(OLD), nameOf(NEW), FLAVOUR].sort())
    expect(await wanted()).toEqual([nameOf(OLD), nameOf(NEW)])
  })

  test('leaves the lists when it is withdrawn, and the package of its flavour stays, so that no update is blocked', async () => {
    for (const kernel of [OLD, NEW]) await registry.publish(kernel)
    await registry.withdraw(OLD)
    expect(await listed()).toEqual([nameOf(NEW), FLAVOUR].sort())
    await registry.withdraw(NEW)
    expect(await listed()).toEqual([FLAVOUR])
    expect(await wanted()).toEqual([])
    await registry.publish(OLD)
    expect(await wanted()).toEqual([nameOf(OLD)])
  })

  test('changes nothing if its publication is reported again', async () => {
    await registry.publish(OLD)
    const before = await shown()
    const objects = [...registry.artifacts.keys()]
    registry.clock.now += HOUR
    await packages(registry.ports, keyOf(OLD))
    expect(await shown()).toEqual(before)
    expect([...registry.artifacts.keys()]).toEqual(objects)
  })

  test('of a kernel without known headers has a package, and no flavour refers to it', async () => {
    await registry.publish(kernelOf('5.14.0-1.el9', { headers: { name: 'other', version: '1' } }))
    expect(await listed()).toEqual([`falco-probe-${DRIVER_VERSION}-5.14.0-1.el9.x86_64`])
  })
})

describe('lists', () => {
  test('are signed with the key of the registry, with a detached signature', async () => {
    await registry.publish(OLD)
    const { files } = (await shown())!
    const signatures = unarmor(byHash(files[SIGNATURE]!.sha256), 'signature').flatMap(signaturesOf)
    const certificates = readCertificates(Buffer.from(registry.publicKey))
    const verdict = check(signatures, [byHash(files[REPOMD]!.sha256)], {
      certificates,
      now: registry.clock.now,
    })
    expect(verdict.tag).toBe('good')
  })

  test('are newer than the earlier ones even if the clock is set back, and so is the package of a flavour', async () => {
    await registry.publish(OLD)
    const [before, release] = [(await shown())!.date, await flavourRelease()]
    registry.clock.now -= 5 * HOUR
    await registry.publish(NEW)
    expect((await shown())!.date).toBe(before + 1000)
    expect(Number(await flavourRelease())).toBe(Number(release) + 1)
  })

  test('keep the package of a flavour if its kernels have not changed', async () => {
    await registry.publish(OLD)
    const release = await flavourRelease()
    registry.clock.now += HOUR
    const uek = '5.15.0-206.153.7.el9uek.x86_64'
    await registry.publish({ ...OLD, release: uek, headers: { name: 'kernel-uek-devel', version: uek } })
    expect(await listed()).toContain('falco-probe-kernel-uek')
    expect(await flavourRelease()).toBe(release)
  })

  test('have the changes of two writers at the same time', async () => {
    await Promise.all([registry.publish(OLD), registry.publish(NEW)])
    expect(await wanted()).toEqual([nameOf(OLD), nameOf(NEW)])
  })

  test('are signed again once a day with a new revision and without another change', async () => {
    await registry.publish(OLD)
    const [before, packagesBefore] = [(await shown())!, await primary()]
    registry.clock.now += 23 * HOUR
    await refreshPackages(registry.ports)
    expect(await shown()).toEqual(before)
    registry.clock.now += HOUR
    await refreshPackages(registry.ports)
    const { date, files } = (await shown())!
    expect(date - before.date).toBe(24 * HOUR)
    expect(Buffer.from(byHash(files[REPOMD]!.sha256)).toString()).toContain(`<revision>${date / 1000}<`)
    expect(await primary()).toBe(packagesBefore)
  })

  test('of a revoked driver version have only the packages of flavours from the next hour on', async () => {
    await registry.publish(OLD)
    const ports = { ...registry.ports, settings: { ...registry.ports.settings, revoked: [DRIVER_VERSION] } }
    await refreshPackages(ports)
    expect(await listed()).toEqual([FLAVOUR])
    const before = await shown()
    await refreshPackages(ports)
    expect(await packages(ports, keyOf(OLD))).toBe('gone')
    expect(await shown()).toEqual(before)
  })
})

describe('a host', () => {
  const ask = (path: string, query = '', revoked: string[] = []) =>
    packageAnswer(
      {
        ...{ index: registry.memory.index, pointers: registry.memory.pointers },
        ...{ artifacts: registry.memory.presigner.artifacts, settings: { revoked } },
      },
      { method: 'GET', path: `/${path}`, query },
    )
  const mirrors = async (query: string): Promise<string> => {
    const answer = await ask(`${ID}/mirrorlist`, query)
    return answer.tag === 'bytes' ? Buffer.from(answer.body).toString() : answer.tag
  }

  test('gets a base URL with a list and a signature that do not change at a later publication', async () => {
    await registry.publish(OLD)
    const { files } = (await shown())!
    const [line] = (await mirrors('registry=https://probes.example.org:8443')).split('\n')
    const base = /^https:\/\/probes\.example\.org:8443\/(.*)\/$/.exec(line!)![1]!
    await registry.publish(NEW)
    for (const file of [REPOMD, SIGNATURE])
      expect(await ask(`${base}/${file}`)).toMatchObject({
        tag: 'redirect',
        location: expect.stringContaining(files[file]!.sha256),
      })
    expect((await shown())!.files[REPOMD]).not.toEqual(files[REPOMD])
  })

  test.each(['', 'registry=', 'registry=ftp://x', 'registry=https://x%0ahttps://y', 'registry=https://x/?a'])(
    'must give the address of the registry: %j is refused',
    async (query) => {
      await registry.publish(OLD)
      await expect(mirrors(query)).rejects.toMatchObject({ code: 'bad-field' })
    },
  )

  test('gets not-found if nothing was published', async () => {
    for (const path of ['mirrorlist', REPOMD, SIGNATURE, 'repodata/other.xml'])
      await expect(ask(`${ID}/${path}`, 'registry=https://x')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('gets no package of a withdrawn probe, even with an older list', async () => {
    await registry.publish(OLD)
    const [, href] = /<location href="(packages\/[^"]+)"/.exec(await primary())!
    expect(await ask(`${ID}/${href}`)).toMatchObject({ tag: 'redirect' })
    await expect(ask(`${ID}/${href}`, '', [DRIVER_VERSION])).rejects.toMatchObject({ code: 'revoked' })
    await registry.withdraw(OLD)
    await expect(ask(`${ID}/${href}`)).rejects.toMatchObject({ code: 'withdrawn' })
  })
})

/** Counts each call of a port twice, before it and after it; the count `at` crashes. */
function crashing(ports: PackagePorts, at: number): PackagePorts {
  let count = 0
  const step = (): void => {
    count += 1
    if (count === at) throw new Error('crash')
  }
  const watched = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get:
        (target, name) =>
        async (...args: unknown[]) => {
          step()
          const method: unknown = Reflect.get(target, name)
          if (typeof method !== 'function') throw new Error(`${String(name)} is not a method`)
          const result: unknown = await Reflect.apply(method, target, args)
          step()
          return result
        },
    })
  const { index, artifacts, pointers, signer } = ports
  return {
    ...ports,
    ...{ index: watched(index), artifacts: watched(artifacts) },
    ...{ pointers: watched(pointers), signer: watched(signer) },
  }
}

/** A fast signer with output of the right form only. */
const SIGNER = {
  sign: async () => '-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n',
  signText: async (text: string) => text,
  signPlain: async () => new Uint8Array(),
}

test('a crash before or after any call leaves the old lists or the new ones, and a retry publishes the new ones', async () => {
  let [at, crashed] = [0, true]
  for (; crashed; at += 1) {
    registry = await rpmRegistry({ signer: SIGNER })
    await registry.publish(OLD)
    await registry.keep(NEW)
    const run = packages(crashing(registry.ports, at + 1), keyOf(NEW))
    crashed = await run.then(
      () => false,
      () => true,
    )
    expect([[nameOf(OLD)], [nameOf(OLD), nameOf(NEW)]]).toContainEqual(await wanted())
    await packages(registry.ports, keyOf(NEW))
    expect(await wanted()).toEqual([nameOf(OLD), nameOf(NEW)])
  }
  expect(at).toBeGreaterThan(30)
})
