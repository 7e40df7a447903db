// Plans of Flatcar's kernels, out of releases that gpg signed, laid out as Flatcar's mirrors are.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FLATCAR_KEYS } from '../../../../lib/archives/keys/flatcar.ts'
import { certificatesIn } from '../../../../lib/kernels/certificates.ts'
import { flatcarPlanner } from '../../../../lib/kernels/flatcar/planner.ts'
import { planSource } from '../../../../lib/kernels/vanilla/planner.ts'
import { VANILLA } from '../../../../lib/kernels/vanilla/settings.ts'
import { sha256 } from '../../../../lib/model/digest.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import { inputKey } from '../../../../lib/model/keys.ts'
import type { Arch, Kind } from '../../../../lib/model/probe.ts'
import {
  asFlatcar,
  CONFIG,
  channelsAt,
  type FlatcarSigner,
  flatcarSigner,
  IMAGE,
  PACKAGES,
  type ReleaseSpec,
  releaseFiles,
} from '../../../support/flatcar.ts'
import { configText } from '../../../support/kconfig/vectors.ts'
import { release as kernelRelease, signer as kernelSigner } from '../../../support/kernel-org.ts'
import { memoryPorts } from '../../../support/memory.ts'

const MIRROR = 'https://mirror.invalid'
const KERNEL = '6.1.96'
const VERSION = '3815.2.5'
const config = asFlatcar(configText('debian_6.1.0-56-amd64'), KERNEL)
const image = Buffer.from('an image of the kernel')

let signer: FlatcarSigner
let stranger: FlatcarSigner
let linux: { files: Record<string, Uint8Array | string>; keys: (typeof VANILLA)['keys'] }
beforeAll(async () => {
  signer = flatcarSigner()
  stranger = flatcarSigner()
  const by = await kernelSigner()
  linux = { files: await kernelRelease(KERNEL, by), keys: [by.key] }
})
afterAll(() => {
  signer?.remove()
  stranger?.remove()
})

type Folder = Record<string, Uint8Array | ProbeError>
const made = (more: Partial<ReleaseSpec> = {}): Folder =>
  releaseFiles({ version: VERSION, config, kernel: KERNEL, image, signer, ...more })

interface World {
  /** by `{channel}/{board}/{version}` */
  readonly folders: Readonly<Record<string, Folder>>
  readonly keys?: readonly string[]
  readonly down?: readonly string[]
  readonly images?: boolean
}

function world({ folders, keys = [signer.publicKey], down = [], images = true }: World) {
  const memory = memoryPorts({ now: Date.now })
  const asked: string[] = []
  const fetch = async (url: string, { maxBytes }: { maxBytes: number }) => {
    const name = url.slice(url.lastIndexOf('/') + 1)
    const path = url.slice(MIRROR.length + 1, -name.length - 1)
    asked.push(`${path}/${name}`)
    if (down.some((channel) => path.startsWith(channel)))
      throw new ProbeError('mirror-unreachable', `${url} answers 503`)
    const body = path.startsWith('linux') ? linux.files[name] : folders[path]?.[name]
    if (body instanceof ProbeError) throw body
    if (body === undefined) throw new ProbeError('not-found', `${url} answers 404`)
    const bytes = Buffer.from(body)
    if (bytes.length > maxBytes) throw new ProbeError('too-large', `${url} is larger`)
    return bytes
  }
  const { sources, lists, log } = memory
  const ports = { inputs: memory.store.inputs, sources, lists, log, fetch, now: Date.now, images }
  const vanilla = { ...ports, findPackages: async () => [] }
  const settings = { ...VANILLA, archive: `${MIRROR}/linux/linux-{version}.tar.xz`, keys: linux.keys }
  const planner = flatcarPlanner(
    { ...ports, fromSource: (kernel) => planSource(vanilla, settings, kernel) },
    { flatcar: { channels: channelsAt(MIRROR), keys: [...keys] } },
  )
  return { planner, memory, asked }
}

const HERE = `stable/amd64-usr/${VERSION}`
const ask = (version = VERSION, kind: Kind = 'kmod', arch: Arch = 'x86_64') =>
  ({ arch, kind, kernelRelease: version, kernelVersion: '1' }) as const
const plan = (asked: World, request = ask()) => world(asked).planner.plan(request)
const refused = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) })

describe('a release of Flatcar', () => {
  test('is planned from its signed config, and from the source that kernel.org signed', async () => {
    const { planner, memory } = world({ folders: { [HERE]: made() } })
    const found = await planner.plan(ask())
    expect(found).toMatchObject({
      tag: 'source',
      kernelRelease: VERSION,
      unameRelease: `${KERNEL}-flatcar`,
      compiler: 'gcc-12',
      compilerText: 'gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0',
      source: { name: 'linux', version: KERNEL, format: 'tar.xz' },
      configFrom: { name: CONFIG, version: VERSION, url: `${MIRROR}/${HERE}/${CONFIG}` },
      image: { name: IMAGE, bytes: image.length, format: 'vmlinuz' },
      symvers: undefined,
    })
    if (found.tag !== 'source') throw new Error('it has header packages')
    const seen = await memory.store.inputs.get(inputKey(found.config.sha256), found.config.bytes)
    const text = Buffer.from(seen ?? '').toString()
    // No build sees what names a file or a command.
    expect(text).toMatch(/^CONFIG_CC_VERSION_TEXT=""$/m)
    expect(text).toMatch(/^CONFIG_MODULES=y$/m)
  })

  test('is fetched once: the next probe of it asks no mirror, and takes no time', async () => {
    const { planner, asked } = world({ folders: { [HERE]: made() } })
    const first = await planner.plan(ask())
    const before = asked.length
    const began = performance.now()
    expect(await planner.plan(ask())).toEqual(first)
    expect(performance.now() - began).toBeLessThan(1000)
    expect(asked).toHaveLength(before)
  })

  test('is looked for in the channel that its number tells, and then in all others', async () => {
    const elsewhere = world({ folders: { [`lts/amd64-usr/${VERSION}`]: made() } })
    await elsewhere.planner.plan(ask())
    const channels = elsewhere.asked.map((path) => path.split('/')[0])
    expect([...new Set(channels)]).toEqual(['stable', 'alpha', 'beta', 'lts', 'linux'])
    const alpha = world({ folders: {} })
    await expect(alpha.planner.plan(ask('4593.0.0', 'kmod', 'aarch64'))).rejects.toThrow()
    expect(alpha.asked[0]).toMatch(/^alpha\/arm64-usr\/4593\.0\.0\//)
  })

  test('is found where another channel is down', async () => {
    const folders = { [`beta/amd64-usr/${VERSION}`]: made() }
    expect(await plan({ folders, down: ['stable'] })).toMatchObject({ kernelRelease: VERSION })
  })

  test('names its compiler by its list of packages, where its config is of before 4.18', async () => {
    const silent = config.replaceAll(/^CONFIG_(?:CC_VERSION_TEXT|GCC_VERSION)=.*\n/gm, '')
    const folders = { [HERE]: made({ config: silent, gcc: '8.3.0' }) }
    expect(await plan({ folders })).toMatchObject({ compiler: 'gcc-8', compilerText: undefined })
  })

  test('has no image where none is asked for, none is there, or another than Flatcar signed it', async () => {
    const unasked = world({ folders: { [HERE]: made() }, images: false })
    expect(await unasked.planner.plan(ask())).toMatchObject({ image: undefined })
    expect(unasked.asked.filter((path) => path.includes(IMAGE))).toEqual([])
    expect(await plan({ folders: { [HERE]: made({ image: undefined }) } })).toMatchObject({
      image: undefined,
    })
    const foreign = { ...made(), [`${IMAGE}.sig`]: stranger.sign(image) }
    expect(await plan({ folders: { [HERE]: foreign } })).toMatchObject({ image: undefined })
  })
})

describe('nothing is believed of', () => {
  test.each([CONFIG, PACKAGES])('a %s that nobody, or somebody else, has signed', async (name) => {
    const whole = made()
    const { [`${name}.sig`]: _, ...unsigned } = whole
    await expect(plan({ folders: { [HERE]: unsigned } })).rejects.toMatchObject(
      refused('signature-invalid', /its signature .* is missing/),
    )
    const foreign = { ...whole, [`${name}.sig`]: stranger.sign(whole[name] as Uint8Array) }
    await expect(plan({ folders: { [HERE]: foreign } })).rejects.toMatchObject(
      refused('signature-invalid', /which is not a believed key/),
    )
  })

  test.each([
    ['cut off', (body: Uint8Array) => body.subarray(0, body.length / 2)],
    ['changed', (body: Uint8Array) => Buffer.concat([body, Buffer.from('\n')])],
  ])('a config that is %s', async (_, change) => {
    const folder = made()
    folder[CONFIG] = change(folder[CONFIG] as Uint8Array)
    const { planner, memory } = world({ folders: { [HERE]: folder } })
    await expect(planner.plan(ask())).rejects.toMatchObject(
      refused('signature-invalid', /these are not the bytes/),
    )
    // It is not remembered as good, either.
    await expect(planner.plan(ask())).rejects.toMatchObject({ code: 'signature-invalid' })
    const kept = [...memory.inside.objects.inputs.keys()]
    expect(kept).not.toContain(inputKey(sha256(folder[CONFIG] as Uint8Array)))
  })

  test('an error page in a signature’s place, which is asked for again later', async () => {
    const folder = { ...made(), [`${CONFIG}.sig`]: Buffer.from('<html>busy</html>') }
    await expect(plan({ folders: { [HERE]: folder } })).rejects.toMatchObject(
      refused('mirror-unreachable', /does not answer with an OpenPGP signature/),
    )
  })

  test('what a subkey signed after its end, while what it signed before is good', async () => {
    const old = flatcarSigner({ from: '2022-08-11' })
    try {
      const [before, after] = ['2023-06-01', '2024-06-01'].map((day) => {
        const files = made()
        for (const name of [CONFIG, PACKAGES]) files[`${name}.sig`] = old.sign(files[name] as Uint8Array, day)
        return { folders: { [HERE]: files } }
      })
      const keys = [old.ended('1y')]
      expect(await plan({ ...before!, keys })).toMatchObject({ tag: 'source' })
      await expect(plan({ ...after!, keys })).rejects.toMatchObject(
        refused('signature-invalid', /had expired on 2023-08-12 when it signed on 2024-06-01/),
      )
    } finally {
      old.remove()
    }
  })

  test('files of two releases, though each is signed', async () => {
    const other = made({ kernel: '6.1.90' })
    const folder = { ...made(), [PACKAGES]: other[PACKAGES]!, [`${PACKAGES}.sig`]: other[`${PACKAGES}.sig`]! }
    await expect(plan({ folders: { [HERE]: folder } })).rejects.toMatchObject(
      refused(
        'signature-invalid',
        /its config is of 6\.1\.96-flatcar, and its list of packages names coreos-kernel 6\.1\.90/,
      ),
    )
  })

  test('the config of another machine', async () => {
    const folders = { [`stable/arm64-usr/${VERSION}`]: made() }
    await expect(plan({ folders }, ask(VERSION, 'kmod', 'aarch64'))).rejects.toMatchObject(
      refused('signature-invalid', /not of one release: This config is not of aarch64/),
    )
  })

  test('a signed file that is not a config', async () => {
    await expect(
      plan({ folders: { [HERE]: made({ config: 'CONFIG_X=$(reboot)\n' }) } }),
    ).rejects.toMatchObject(refused('signature-invalid', /this is not a kernel config/))
  })
})

describe('what cannot be is said', () => {
  test('where no channel has the release', async () => {
    await expect(plan({ folders: {} })).rejects.toMatchObject(
      refused('headers-not-found', /has the kernel config of release 3815\.2\.5 \(x86_64\)\. POST/),
    )
  })

  test('and a channel that is down may have it', async () => {
    await expect(plan({ folders: {}, down: ['beta'] })).rejects.toMatchObject(
      refused('mirror-unreachable', /Not read: .*beta.*503/),
    )
  })

  test('where kernel.org has not the source', async () => {
    const other = '6.1.97'
    const folders = { [HERE]: made({ config: asFlatcar(config, other), kernel: other }) }
    await expect(plan({ folders })).rejects.toMatchObject(
      refused('headers-not-found', /the source of kernel 6\.1\.97 was not found/),
    )
  })

  test('of a kernel that loads signed modules alone', async () => {
    const forced = config.replace('# CONFIG_MODULE_SIG_FORCE is not set', 'CONFIG_MODULE_SIG_FORCE=y')
    const folders = { [HERE]: made({ config: forced }) }
    await expect(plan({ folders })).rejects.toMatchObject(refused('cannot-load', /MODULE_SIG_FORCE/))
    expect(await plan({ folders }, ask(VERSION, 'ebpf'))).toMatchObject({ tag: 'source' })
  })

  test('of a kernel that checks versions of symbols, which no signed file of a release has', async () => {
    const versions = config.replace('# CONFIG_MODVERSIONS is not set', 'CONFIG_MODVERSIONS=y')
    const folders = { [HERE]: made({ config: versions }) }
    await expect(plan({ folders })).rejects.toMatchObject(
      refused('cannot-load', /POST the host's config and Module\.symvers/),
    )
  })

  test.each(['6.1.96-flatcar', '9999.9.9+dev', '3815.2.5;reboot', '../3815.2.5', '3815.02.5', '1.2.3', ''])(
    'of a name that no release has: %j',
    async (name) => {
      const { planner, asked } = world({ folders: {} })
      await expect(planner.plan(ask(name))).rejects.toMatchObject(
        refused('unsupported-kernel', /VERSION_ID of its os-release/),
      )
      expect(asked).toEqual([])
    },
  )

  test('of a kernel by its `uname -r` alone, for which no mirror is asked', async () => {
    const { planner, asked } = world({ folders: { [HERE]: made() } })
    const request = { arch: 'x86_64', unameRelease: `${KERNEL}-flatcar`, configMd5: 'a'.repeat(32) } as const
    await expect(planner.identify(request)).rejects.toMatchObject(
      refused('headers-not-found', /does not say which release/),
    )
    expect(asked).toEqual([])
  })
})

test('the key of Flatcar is known with each subkey that has signed its releases', () => {
  const [certificate, ...others] = certificatesIn([FLATCAR_KEYS], 'flatcar.keys')
  expect(others).toEqual([])
  expect(certificate?.fingerprint).toBe('F88CFEDEFF29A5B4D9523864E25D9AED0593B34A')
  const subkeys = certificate?.keys.filter(({ fingerprint }) => fingerprint !== certificate.fingerprint) ?? []
  expect(subkeys).toHaveLength(9)
  const last = subkeys.at(-1)
  expect(last?.fingerprint).toBe('52F145DFD00BBDCD928CBB5A32DA80F91EF52974')
  expect(new Date((last?.ends ?? 0) * 1000).toISOString()).toMatch(/^2027-03-08/)
})
