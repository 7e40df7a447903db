// Which source a kernel is built from: of exactly its version, or none.

import { beforeAll, describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../../lib/kernels/settings.ts'
import { kernelSource, type SourcePorts, type WantedSource } from '../../../../lib/kernels/vanilla/source.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import { type Files, release, type Signer, signer } from '../../../support/kernel-org.ts'
import { memoryPorts } from '../../../support/memory.ts'
import { kernelTar } from '../../../support/sources.ts'

let by: Signer
let another: Signer
beforeAll(async () => {
  ;[by, another] = await Promise.all([signer(), signer('Somebody Else')])
})

const pkg = (name: string, version: string) => ({
  name,
  version,
  url: `http://deb/${name}_${version}.deb`,
  sha256: 'a'.repeat(64),
  bytes: 1,
  format: 'deb' as const,
})

interface World {
  /** versions of linux-source-6.1 and linux-source-6.12 that the distribution has */
  readonly packages?: readonly string[]
  /** what kernel.org has; undefined: it cannot be reached */
  readonly files?: Files | undefined
}

function world({ packages = [], files }: World) {
  const { store, sources, log, now, inside } = memoryPorts({ now: Date.now })
  const asked: string[] = []
  const ports: SourcePorts = {
    ...{ inputs: store.inputs, sources, log, now },
    fetch: async (url, { maxBytes }) => {
      asked.push(url)
      const body = files?.[url.slice(url.lastIndexOf('/') + 1)]
      if (files === undefined) throw new ProbeError('mirror-unreachable', `${url} could not be read`)
      if (body === undefined) throw new ProbeError('not-found', `${url} answers 404`)
      if (body.length > maxBytes) throw new ProbeError('too-large', `${url} is larger than ${maxBytes} bytes`)
      return typeof body === 'string' ? new TextEncoder().encode(body) : body
    },
    findPackages: async (name) =>
      packages
        .filter((version) => name === `linux-source-${/^\d+\.\d+/.exec(version)?.[0]}`)
        .map((version) => pkg(name, version)),
  }
  const source = (of: string, keys = [by.key], more: Partial<WantedSource> = {}) =>
    kernelSource(ports, { ...DEFAULTS.vanilla, keys }, { version: of, arch: 'x86_64', ...more })
  return { ports, asked, inside, source }
}
const url = (version: string) => `https://cdn.kernel.org/pub/linux/kernel/v6.x/linux-${version}.tar.xz`
const PACKAGES = ['6.1.192-2', '6.1.192-1', '6.1.187-1', '6.12.111-1~deb12u1', '6.12~rc3-1~exp1']

describe('the source of a kernel', () => {
  test('is kernel.org’s of that version, where the distribution has it as well', async () => {
    const files = await release('6.1.192', by)
    expect(await world({ files, packages: PACKAGES }).source('6.1.192')).toMatchObject({
      ...{ name: 'linux', version: '6.1.192', url: url('6.1.192'), format: 'tar.xz' },
      bytes: files['linux-6.1.192.tar.xz']?.length,
    })
  })

  test('is fetched and verified once: then its digest is on record', async () => {
    const { source, asked, inside } = world({ files: await release('6.1.54', by) })
    const first = await source('6.1.54')
    expect(asked).toEqual([url('6.1.54').replace('.xz', '.sign'), url('6.1.54')])
    expect(await source('6.1.54')).toEqual(first)
    expect(asked).toHaveLength(2)
    expect(inside.log.map(({ event }) => event)).toEqual(['kernel source verified'])
  })

  test('that was verified by a key which is believed no more is verified anew', async () => {
    const { source, asked } = world({ files: await release('6.1.54', by) })
    await source('6.1.54')
    await expect(source('6.1.54', [another.key])).rejects.toMatchObject({ code: 'signature-invalid' })
    expect(asked.length).toBeGreaterThan(2)
  })

  test('of the first release of a series has no third number there', async () => {
    const files = await release('6.7', by)
    expect(await world({ files }).source('6.7.0')).toMatchObject({ url: url('6.7') })
  })

  test.each([
    ['cannot be reached', undefined],
    ['does not have it', {}],
    ['answers with a page of its network', { 'linux-6.1.187.tar.sign': '<html>Please log in</html>' }],
  ])('is the distribution’s of exactly that version where kernel.org %s', async (_, files) => {
    const { source, inside } = world({ files, packages: PACKAGES })
    expect(await source('6.1.187')).toEqual(pkg('linux-source-6.1', '6.1.187-1'))
    expect(await source('6.1.192')).toEqual(pkg('linux-source-6.1', '6.1.192-2'))
    expect(await source('6.12.111')).toEqual(pkg('linux-source-6.12', '6.12.111-1~deb12u1'))
    expect(inside.log.map(({ event }) => event)).toContain('no such kernel source')
  })

  test.each(['6.1.54', '6.1.19', '6.1.1920', '6.1', '6.12', '6.12.11'])(
    'is never one beside it: %s waits until kernel.org can be reached',
    async (version) => {
      const { source, inside } = world({ packages: PACKAGES })
      await expect(source(version)).rejects.toMatchObject({
        code: 'mirror-unreachable',
        message: expect.stringMatching(
          /could not be read, and no package linux-source-6\.12? is of that version \(there is 6\.12?\..*\)\. No other version is used instead\. If this stays so/,
        ),
      })
      expect(inside.objects.inputs.size).toBe(0)
    },
  )

  test('before its release is not that of the release', async () => {
    const { source } = world({ packages: PACKAGES, files: await release('6.12', by) })
    expect(await source('6.12.0-rc3')).toMatchObject({ version: '6.12~rc3-1~exp1' })
    await expect(source('6.12.0-rc4')).rejects.toMatchObject({ code: 'headers-not-found' })
    expect(await source('6.12.0')).toMatchObject({ url: url('6.12') })
  })

  test('that is nowhere is told with all the places, and with what to do', async () => {
    await expect(world({ files: {}, packages: PACKAGES }).source('5.15.1')).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(
        /v5\.x\/linux-5\.15\.1\.tar\.\w+ answers 404, and no package linux-source-5\.15 .*kernelurls.*vanilla\.archive/,
      ),
    })
  })

  test('of a kernel with Debian’s patches is Debian’s, and kernel.org’s only by force, where there is no other', async () => {
    const files = { ...(await release('6.1.187', by)), ...(await release('6.1.54', by)) }
    const { source, asked } = world({ files, packages: PACKAGES })
    const patched = { patched: 'CONFIG_X86_X32_DISABLED' }
    expect(await source('6.1.187', [by.key], patched)).toEqual(pkg('linux-source-6.1', '6.1.187-1'))
    await expect(source('6.1.54', [by.key], patched)).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(
        /its config has CONFIG_X86_X32_DISABLED, which no kernel of kernel\.org has, so it was built from another source; and no package/,
      ),
    })
    expect(asked).toEqual([])
    const forced = { ...patched, orArchive: true }
    expect(await source('6.1.187', [by.key], forced)).toEqual(pkg('linux-source-6.1', '6.1.187-1'))
    expect(await source('6.1.54', [by.key], forced)).toMatchObject({ url: url('6.1.54') })
  })

  test('whose signature does not hold is no reason to take another: it is told', async () => {
    const files = {
      ...(await release('6.1.192', by)),
      'linux-6.1.192.tar.sign': await by.sign(kernelTar('6.1.1')),
    }
    await expect(world({ files, packages: PACKAGES }).source('6.1.192')).rejects.toMatchObject({
      code: 'signature-invalid',
    })
  })
})
