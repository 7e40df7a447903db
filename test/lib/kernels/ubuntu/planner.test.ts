// Plans out of an archive of real debs, laid out and signed as Ubuntu's is.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ubuntuPlanner } from '../../../../lib/kernels/ubuntu/planner.ts'
import { ubuntu } from '../../../../lib/kernels/ubuntu/target.ts'
import { sha256 } from '../../../../lib/model/digest.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import { inputKey } from '../../../../lib/model/keys.ts'
import type { Fetch } from '../../../../lib/model/ports.ts'
import type { Arch } from '../../../../lib/model/probe.ts'
import { type DebSpec, packDeb, writeSuite } from '../../../support/apt/repository.ts'
import { memoryPorts } from '../../../support/memory.ts'
import { type RpmSigner, rpmSigner } from '../../../support/rpm/repository.ts'

const MIRROR = 'https://archive.invalid/ubuntu'
const JAMMY = 'gcc-12 (Ubuntu 12.3.0-1ubuntu1~22.04) 12.3.0'
const MANTIC = 'x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-4ubuntu3) 13.2.0'

let dir: string
let signer: RpmSigner
let stranger: RpmSigner
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ubuntu-planner-'))
  signer = rpmSigner('Ubuntu of the test')
  stranger = rpmSigner('Somebody Else')
  archive()
})
afterAll(() => {
  signer?.remove()
  stranger?.remove()
  rmSync(dir, { recursive: true, force: true })
})

interface KernelSpec {
  /** `6.5.0-26` */
  readonly abi: string
  readonly upload: string
  readonly flavour: string
  /** between `linux-` and `headers`, e.g. `hwe-6.5-` */
  readonly source?: string
  readonly text?: string
  readonly arch?: 'amd64' | 'arm64'
  readonly compression?: DebSpec['compression']
}

const configOf = (text: string) => `CONFIG_64BIT=y\nCONFIG_CC_VERSION_TEXT="${text}"\n`

/** As Ubuntu packs it: what flavours share for all architectures, and what is of one. */
function stanzas(kernel: KernelSpec): string[] {
  const { abi, upload, flavour, source = '', text = JAMMY, arch = 'amd64', compression = 'zstd' } = kernel
  const version = `${abi}.${upload}`
  const shared = `linux-${source}headers-${abi}`
  const name = `linux-headers-${abi}-${flavour}`
  const compileH = `#define LINUX_COMPILER "gcc version 7.5.0 (Ubuntu 7.5.0-3ubuntu1~18.04)"\n`
  const own = {
    [`usr/src/${name}/.config`]: text === '' ? 'CONFIG_64BIT=y\n' : configOf(text),
    [`usr/src/${name}/include/generated/compile.h`]: compileH,
  }
  return [
    packDeb(dir, {
      name: shared,
      version,
      arch: 'all',
      content: { [`usr/src/${shared}/Makefile`]: 'all:\n' },
    }),
    packDeb(dir, { name, version, arch, compression, depends: `${shared}, libc6 (>= 2.34)`, content: own }),
    packDeb(dir, { name: `linux-image-unsigned-${abi}-${flavour}`, version, arch, content: {} }),
  ]
}

/** Two kernels that call themselves alike, of two releases; kernels of one version in two flavours; one before 4.18. */
function archive() {
  const suite = (codename: string, pocket: string, main: string[], universe: string[] = []) =>
    writeSuite(dir, {
      ...{ suite: codename + pocket, codename, origin: 'Ubuntu', signer, components: { main, universe } },
    })
  const mantic = { abi: '6.5.0-26', flavour: 'generic', upload: '26', text: MANTIC }
  suite('mantic', '-updates', stanzas(mantic))
  suite(
    'jammy',
    '-updates',
    [
      ...stanzas({ ...mantic, source: 'hwe-6.5-', upload: '26~22.04.1', text: JAMMY }),
      ...stanzas({ abi: '5.15.0-1050', flavour: 'aws', source: 'aws-', upload: '55', compression: 'xz' }),
      ...stanzas({ abi: '5.15.0-1050', flavour: 'raspi', source: 'raspi-', upload: '53', arch: 'arm64' }),
    ],
    [
      ...stanzas({ abi: '5.15.0-1050', flavour: 'kvm', source: 'kvm-', upload: '55', compression: 'gzip' }),
      ...stanzas({ abi: '5.15.0-1050', flavour: 'intel-iotg', source: 'intel-iotg-', upload: '56' }),
    ],
  )
  suite('jammy', '', [])
  suite('jammy', '-security', [])
  suite('bionic', '-updates', stanzas({ abi: '4.15.0-213', flavour: 'generic', upload: '224', text: '' }))
}

const fromDisk: Fetch = async (url, { maxBytes }) => {
  if (!url.startsWith(`${MIRROR}/`)) throw new ProbeError('mirror-unreachable', `no host of ${url}`)
  try {
    const body = readFileSync(join(dir, decodeURIComponent(url.slice(MIRROR.length))))
    if (body.length > maxBytes) throw new ProbeError('too-large', `${url} has ${body.length} bytes`)
    return body
  } catch (error) {
    if (error instanceof ProbeError) throw error
    throw new ProbeError('not-found', `${url}: 404`)
  }
}

interface WorldOptions {
  readonly keys?: readonly string[]
  readonly fetch?: (url: string, next: Fetch) => ReturnType<Fetch>
}

function world({ keys, fetch }: WorldOptions = {}) {
  const memory = memoryPorts({ now: Date.now })
  const asked: string[] = []
  const ports = {
    fetch: (async (url, options) => {
      asked.push(url)
      return fetch === undefined ? fromDisk(url, options) : fetch(url, (at) => fromDisk(at, options))
    }) satisfies Fetch,
    inputs: memory.store.inputs,
    lists: memory.lists,
    log: () => {},
    now: Date.now,
  }
  const suites = ubuntu.defaults.suites.map(({ suite }) => ({ suite, mirror: MIRROR }))
  const settings = { ...ubuntu.defaults, suites, keys: [...(keys ?? [signer.publicKey])] }
  return { planner: ubuntuPlanner(ports, { ubuntu: settings }), asked, memory }
}

const request = (kernelRelease: string, kernelVersion: string, arch: Arch = 'x86_64') =>
  ({ arch, kind: 'kmod', kernelRelease, kernelVersion }) as const
const plan = (...asked: Parameters<typeof request>) => world().planner.plan(request(...asked))

describe("a kernel of Ubuntu's", () => {
  test('is planned of its own headers, and those that its flavours share', async () => {
    const found = await plan('6.5.0-26-generic', '26~22.04.1')
    expect(found).toMatchObject({
      unameRelease: '6.5.0-26-generic',
      kernelRelease: '6.5.0-26-generic',
      tree: 'usr/src/linux-headers-6.5.0-26-generic',
      compiler: 'gcc-12',
      compilerText: JAMMY,
      headers: [
        { name: 'linux-hwe-6.5-headers-6.5.0-26', version: '6.5.0-26.26~22.04.1' },
        { name: 'linux-headers-6.5.0-26-generic', version: '6.5.0-26.26~22.04.1' },
      ],
      image: { name: 'linux-image-unsigned-6.5.0-26-generic', version: '6.5.0-26.26~22.04.1' },
    })
  })

  test('that calls itself like another is told from it by its upload, and by its compiler', async () => {
    const found = await plan('6.5.0-26-generic', '26')
    expect(found.compiler).toBe('gcc-13')
    expect(found.headers.map(({ version }) => version)).toEqual(['6.5.0-26.26', '6.5.0-26.26'])
  })

  test('is found by the number alone where no other kernel has it, as older clients ask', async () => {
    const away = world({
      fetch: async (url, next) => {
        if (url.includes('/mantic')) throw new ProbeError('not-found', `${url}: 404`)
        return next(url, { maxBytes: 1e9 })
      },
    })
    const found = await away.planner.plan(request('6.5.0-26-generic', '26'))
    expect(found.headers.at(-1)?.version).toBe('6.5.0-26.26~22.04.1')
  })

  test.each([
    ['5.15.0-1050-aws', '55', 'x86_64', 'linux-aws-headers-5.15.0-1050'],
    ['5.15.0-1050-kvm', '55', 'x86_64', 'linux-kvm-headers-5.15.0-1050'],
    ['5.15.0-1050-raspi', '53', 'aarch64', 'linux-raspi-headers-5.15.0-1050'],
  ] as const)(
    '%s is found among flavours of the same version, in main or universe',
    async (release, upload, arch, shared) => {
      const { headers, unameRelease } = await plan(release, upload, arch)
      expect(headers.map(({ name }) => name)).toEqual([shared, `linux-headers-${release}`])
      expect(unameRelease).toBe(release)
    },
  )

  test("is found by driverkit's word for its flavour, and keeps its own name", async () => {
    const found = await plan('5.15.0-1050-intel', '56')
    expect(found).toMatchObject({
      kernelRelease: '5.15.0-1050-intel',
      unameRelease: '5.15.0-1050-intel-iotg',
    })
    await expect(plan('5.15.0-1050-intel', '5')).rejects.toMatchObject({ code: 'headers-not-found' })
  })

  test('before 4.18 has its compiler from compile.h', async () => {
    expect(await plan('4.15.0-213-generic', '224')).toMatchObject({
      compiler: 'gcc-7',
      compilerText: undefined,
    })
  })

  test('of another architecture is not found', async () => {
    await expect(plan('5.15.0-1050-raspi', '53', 'x86_64')).rejects.toMatchObject({
      code: 'headers-not-found',
    })
  })
})

describe('a plan', () => {
  test('reads the suites of the releases that can have it, and where one decides no other', async () => {
    const { planner, asked } = world()
    await planner.plan(request('6.5.0-26-generic', '26~22.04.1'))
    const suites = asked.flatMap((url) => /dists\/([^/]+)\/InRelease/.exec(url)?.[1] ?? [])
    expect(suites.sort()).toEqual(['jammy-security', 'jammy-updates'])
  })

  test('a second time reads no list again and no package', async () => {
    const { planner, asked } = world()
    await planner.plan(request('5.15.0-1050-aws', '55'))
    asked.length = 0
    await planner.plan(request('5.15.0-1050-aws', '55'))
    expect(asked).toEqual([])
  })

  test('of a kernel that is nowhere says so at once, and what to do', async () => {
    await expect(plan('5.15.0-9999-aws', '9')).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(/no headers of kernel 5\.15\.0-9999-aws #9.*POST the kernel's config/),
    })
  })

  test('is tried again later where no suite could be read', async () => {
    const down = world({
      fetch: async (url) => {
        throw new ProbeError('mirror-unreachable', `${url} does not answer`)
      },
    })
    await expect(down.planner.plan(request('5.15.0-1050-aws', '55'))).rejects.toMatchObject({
      code: 'mirror-unreachable',
    })
  })

  test('believes no list that somebody else signed', async () => {
    const { planner } = world({ keys: [stranger.publicKey] })
    await expect(planner.plan(request('5.15.0-1050-aws', '55'))).rejects.toMatchObject({
      code: 'signature-invalid',
    })
  })

  test('uses no package of another digest than the list has', async () => {
    const tampered: Uint8Array[] = []
    const { planner, memory } = world({
      fetch: async (url, next) => {
        const body = await next(url, { maxBytes: 1e9 })
        if (!url.endsWith('.deb')) return body
        tampered.push(Uint8Array.from(body, (byte, at) => (at === body.length - 1 ? byte ^ 1 : byte)))
        return tampered.at(-1) ?? body
      },
    })
    await expect(planner.plan(request('5.15.0-1050-aws', '55'))).rejects.toMatchObject({
      code: 'digest-mismatch',
    })
    expect(tampered).toHaveLength(1)
    for (const body of tampered)
      expect(await memory.store.inputs.size(inputKey(sha256(body)))).toBeUndefined()
  })

  test.each([
    '5.15.0-1050-aws; reboot',
    '5.15.0-1050-$(id)',
    '../../5.15.0-1050-aws',
    '6.1.0-56-amd64',
    '5.14.0-427.el9',
  ])('of the release %s is refused before anybody is asked', async (release) => {
    const { planner, asked } = world()
    await expect(planner.plan(request(release, '1'))).rejects.toMatchObject({ code: 'unsupported-kernel' })
    expect(asked).toEqual([])
  })

  test.each(['26;id', '', '~22.04.1', '26 ', 'x'])('of the version "%s" is refused', async (version) => {
    await expect(plan('5.15.0-1050-aws', version)).rejects.toMatchObject({ code: 'unsupported-kernel' })
  })
})

describe('a host that submits its config', () => {
  const md5 = (text: string) => createHash('md5').update(configOf(text)).digest('hex')
  const asked = (configMd5: string) =>
    ({ arch: 'x86_64', unameRelease: '6.5.0-26-generic', configMd5 }) as const

  test.each([
    [JAMMY, '26~22.04.1'],
    [MANTIC, '26'],
  ])('and runs a kernel of Ubuntu is told which: %s', async (text, kernelVersion) => {
    expect(await world().planner.identify(asked(md5(text)))).toEqual({
      kernelRelease: '6.5.0-26-generic',
      kernelVersion,
    })
  })

  test('and runs another is told so', async () => {
    await expect(world().planner.identify(asked('0'.repeat(32)))).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringContaining('a custom kernel'),
    })
  })

  const packages = (...kernelUrls: string[]) =>
    world().planner.planPackages({
      ...{
        arch: 'x86_64',
        kernelRelease: 'x',
        unameRelease: '6.5.0-26-generic',
        compiler: 'gcc-9',
        kernelUrls,
      },
    })
  const own = 'http://anywhere.invalid/linux-headers-6.5.0-26-generic_6.5.0-26.26~22.04.1_amd64.deb'

  test('with the names of its packages gets those of the archive', async () => {
    const shared = 'http://anywhere.invalid/linux-hwe-6.5-headers-6.5.0-26_6.5.0-26.26~22.04.1_all.deb'
    const { headers, kernelRelease } = await packages(own, shared)
    expect(headers.map(({ url }) => new URL(url).host)).toEqual(['archive.invalid', 'archive.invalid'])
    expect(kernelRelease).toBe('x')
  })

  test('with a package that is not of that kernel is refused', async () => {
    await expect(packages(own, 'http://anywhere.invalid/evil_1_all.deb')).rejects.toMatchObject({
      code: 'headers-not-found',
    })
  })
})
