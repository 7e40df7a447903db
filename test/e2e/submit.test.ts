// Tests a host that submits its kernel's config and facts with curl, and gets the probe for a kernel without published headers.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SubmissionAnswer, submissionAnswer } from '../../lib/api/schemas.ts'
import { hostileForms } from '../support/kconfig/hostile.ts'
import { LONG } from '../support/long.ts'
import { type HostFiles, hostFiles, md5 } from '../support/registry/host-files.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
let kernel: DebianKernel
let host: HostFiles
/** `uname -v` of the host, and of a host with a custom kernel */
let debianVersion: string
const OWN_VERSION = '#7 SMP PREEMPT_DYNAMIC Mon Nov 2 10:00:00 UTC 2026'

beforeAll(async () => {
  work = await scratch()
  // Not the newest driver version, because that changes.
  const settings = { submitted: [DRIVER_VERSION] }
  registry = await startRegistry({ dataDir: join(work.dir, 'data'), settings })
  kernel = pinned('6.1', 'amd64')
  host = await hostFiles(kernel.unameRelease)
  debianVersion = `#1 SMP PREEMPT_DYNAMIC Debian ${kernel.release.replace('-amd64', '')} (2026-10-20)`
  await writeFile(
    join(work.dir, 'os-release'),
    'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n',
  )
}, 240_000)
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

const builds = async () =>
  (await readdir(join(work.dir, 'data/builds')).catch(() => [])).filter((name) => name.endsWith('.log'))
    .length

/** The `-F` options in the order of the command in docs/submitting.md. */
interface Form {
  readonly config?: string | Uint8Array
  readonly release?: string
  readonly version?: string
  readonly machine?: string
  readonly more?: readonly string[]
}

async function submit({ config = host.config, release, version, machine = 'x86_64', more = [] }: Form) {
  await writeFile(join(work.dir, 'config'), config)
  const form = [
    `config=@${join(work.dir, 'config')}`,
    ...(release === undefined ? [] : [`release=${release}`]),
    `version=${version ?? debianVersion}`,
    `machine=${machine}`,
    `os-release=@${join(work.dir, 'os-release')}`,
    ...more,
  ].flatMap((field) => ['-F', field])
  return ask(`${registry.url}/v1/probes`, ...form)
}

async function accepted(form: Form): Promise<SubmissionAnswer> {
  const { status, body } = await submit(form)
  expect(status, body).toBe(200)
  return submissionAnswer.parse(JSON.parse(body))
}

/** Downloads as a host does: curl waits for the end of the build. */
async function download(path: string): Promise<string> {
  const file = join(work.dir, `probe-${createHash('md5').update(path).digest('hex')}.ko`)
  const got = await curl(['-fsSL', '--retry', '3', '-o', file, registry.url + path])
  const why = got.code === 0 ? '' : (await ask(registry.url + path)).body
  expect(got, why).toMatchObject({ code: 0 })
  return file
}

const modinfo = async (field: string, file: string) =>
  (await sh('/usr/sbin/modinfo', ['-F', field, file])).trim()
const localversion = (suffix: string, config = host.config) =>
  config.replace(/^CONFIG_LOCALVERSION=.*$/m, () => `CONFIG_LOCALVERSION="${suffix}"`)
const logOf = (path: string) => curl(['-fsSL', `${registry.url}${path}.log`])
const numbers = () => kernel.release.replace(/-.*/, '')

describe('a custom kernel', () => {
  let answer: SubmissionAnswer
  let release: string
  let config: string
  beforeAll(async () => {
    release = `${numbers()}-mine`
    config = localversion('-mine')
    answer = await accepted({ config: gzipSync(config), release, version: OWN_VERSION, more: ['kind=kmod'] })
  })

  test('gets a module with its release as vermagic', async () => {
    const sha256 = createHash('sha256').update(config).digest('hex')
    const [probe] = answer.probes
    expect(probe?.url).toBe(`/config/${sha256}/${DRIVER_VERSION}/x86_64/scap_debian_${release}_1.ko`)
    const file = await download(probe!.url)
    expect((await modinfo('vermagic', file)).split(' ')[0]).toBe(release)
    const story = JSON.parse((await ask(`${registry.url}${probe!.url}.json`)).body)
    expect(story.manifest.headers).toEqual([
      {
        name: 'linux-source-6.1',
        version: expect.stringMatching(`^${numbers()}-`),
        url: expect.stringMatching(/\/linux-source-6\.1_[^/]*\.deb$/),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      expect.objectContaining({ name: 'kernel-config' }),
    ])
  })

  test('gets an answer that asks for Module.symvers, and names the compiler', () => {
    expect(answer.verdicts).toContainEqual(
      expect.objectContaining({ code: 'needs-symvers', option: 'CONFIG_MODVERSIONS', blocks: false }),
    )
    expect(answer.compiler).toMatchObject({ from: 'config', exact: true, command: 'gcc-12' })
  })

  test('is built once and stored once, however often it is submitted', async () => {
    const before = await builds()
    const again = await accepted({ config, release, version: OWN_VERSION, more: ['kind=kmod'] })
    expect(again.probes[0]).toMatchObject({ state: 'published', url: answer.probes[0]?.url })
    expect(await builds()).toBe(before)
  })

  test('has a cached tree: the build of its next probe only compiles', async () => {
    const [, ebpf] = (await accepted({ config, release, version: OWN_VERSION })).probes
    await download(ebpf!.url)
    const { stdout } = await logOf(ebpf!.url)
    expect(stdout).not.toContain('== tree')
    expect(stdout).toContain('== compile')
  })

  test('has a repository URL for unmodified clients', async () => {
    const file = await download(
      `${answer.repository}/${encodeURIComponent(DRIVER_VERSION)}/scap_debian_${release}_1.ko`,
    )
    expect((await modinfo('vermagic', file)).split(' ')[0]).toBe(release)
  })

  test('serves clients that follow no redirect, by the md5 of its config', async () => {
    const name = `sysdig-probe-${encodeURIComponent(DRIVER_VERSION)}-x86_64-${release}-${md5(config)}.ko`
    const file = join(work.dir, name)
    const got = await curl(['-fsS', '-o', file, `${registry.url}/stable/sysdig-probe-binaries/${name}`])
    expect(got).toMatchObject({ code: 0 })
    expect((await modinfo('vermagic', file)).split(' ')[0]).toBe(release)
  })

  test('does not change the answer for the distribution’s name', async () => {
    const path = `/driver/${DRIVER_VERSION}/x86_64/scap_debian_${release}_1.ko`
    expect((await ask(registry.url + path)).status).toBe(404)
  })
})

describe('a kernel version that only kernel.org has', () => {
  test('waits until kernel.org is reachable, and is not built from another version', async () => {
    const before = await builds()
    const marks =
      /^CONFIG_(?:X86_X32_DISABLED|SECURITY_PERF_EVENTS_RESTRICT|LOCK_DOWN_IN_EFI_SECURE_BOOT)=y\n/gm
    const config = localversion('-other').replaceAll(` ${numbers()} `, ' 6.1.1 ').replace(marks, '')
    const form = { config, release: '6.1.1-other', version: OWN_VERSION, more: ['kind=kmod'] }
    const [probe] = (await accepted(form)).probes
    const answer = await ask(registry.url + probe!.url, '-L')
    expect(answer.status, answer.body).toBe(503)
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'mirror-unreachable',
      detail: expect.stringMatching(
        / waits for a mirror: the source of kernel 6\.1\.1 is not available now: .*No other version is used instead\. If this stays so/,
      ),
      retryAt: expect.anything(),
    })
    expect(await builds()).toBe(before)
  })
})

describe('a kernel with its Module.symvers', () => {
  test('gets a module with symbol versions', async () => {
    const release = `${numbers()}-symvers`
    await writeFile(join(work.dir, 'symvers'), gzipSync(host.symvers))
    const answer = await accepted({
      config: localversion('-symvers'),
      release,
      version: OWN_VERSION,
      more: ['kind=kmod', `symvers=@${join(work.dir, 'symvers')}`],
    })
    // Whether Debian's kernel loads it depends only on its command line, not on how the module was built.
    const codes = answer.verdicts.map(({ code }) => code)
    expect(codes[0]).toBe('may-load')
    expect(codes).not.toContain('needs-symvers')
    const file = await download(answer.probes[0]!.url)
    expect(await sh('readelf', ['-SW', file])).toContain('__versions')
    expect((await modinfo('vermagic', file)).split(' ')[0]).toBe(release)
  })

  test('or with the URLs of its header packages gets a module that is built with them', async () => {
    const answer = await accepted({
      config: `${host.config}# of my own\n`,
      release: kernel.unameRelease,
      more: ['kind=kmod', ...host.packages.map((url) => `kernelurls=${url}`)],
    })
    const file = await download(answer.probes[0]!.url)
    expect((await modinfo('vermagic', file)).split(' ')[0]).toBe(kernel.unameRelease)
    expect((await logOf(answer.probes[0]!.url)).stdout).not.toContain('== tree')
  })
})

describe('a distribution’s own kernel', () => {
  test('gets the canonical probe, and no second one', async () => {
    const canonical = `/driver/${DRIVER_VERSION}/x86_64/scap_debian_${kernel.release}_1.ko`
    const form = { release: kernel.unameRelease, more: ['kind=kmod'] }
    const first = await accepted(form)
    const mine = await download(first.probes[0]!.url)
    const before = await builds()
    const theirs = await download(canonical)
    expect(await readFile(mine)).toEqual(await readFile(theirs))
    expect(await builds()).toBe(before)
    const again = await accepted(form)
    expect(again.repository).toBe('/driver')
    expect(again.probes).toMatchObject([{ url: canonical, state: 'published' }])
    const { stdout } = await curl(['-sS', '-o', '/dev/null', '-D', '-', registry.url + first.probes[0]!.url])
    expect(stdout).toContain(`link: <${canonical}>; rel="canonical"`)
  })

  test('gets the canonical probe for the config from its headers, too', async () => {
    const canonical = `/driver/${DRIVER_VERSION}/x86_64/scap_debian_${kernel.release}_1.ko`
    const form = { config: host.buildConfig, release: kernel.unameRelease, more: ['kind=kmod'] }
    const { probes } = await accepted(form)
    expect(await readFile(await download(probes[0]!.url))).toEqual(await readFile(await download(canonical)))
    expect((await accepted(form)).probes).toMatchObject([{ url: canonical, state: 'published' }])
  })
})

describe('bad input', () => {
  const facts = () => ({ release: kernel.unameRelease })
  const zeros = (bytes: number) => gzipSync(Buffer.alloc(bytes), { level: 1 })
  test.each<[string, number, string, string | undefined, () => Form]>([
    ['no config but a picture', 422, 'bad-config', 'config', () => ({ ...facts(), config: '\x89PNG\r\n' })],
    ['an empty config', 422, 'bad-config', 'config', () => ({ ...facts(), config: '' })],
    [
      'a config cut off',
      422,
      'bad-config',
      'config',
      () => ({ ...facts(), config: gzipSync(host.config).subarray(0, 9999) }),
    ],
    ['a gzip bomb', 413, 'body-too-large', 'config', () => ({ ...facts(), config: zeros(1_000_000_000) })],
    ['no release', 400, 'bad-field', 'release', () => ({})],
    ['a release that is none', 400, 'bad-field', 'release', () => ({ release: '$(id)' })],
    ['a release of another kernel', 422, 'config-mismatch', 'release', () => ({ release: '5.10.0-1-amd64' })],
    [
      'a machine of another kernel',
      422,
      'config-mismatch',
      'machine',
      () => ({ ...facts(), machine: 'aarch64' }),
    ],
    ['a machine that is none', 400, 'bad-field', 'machine', () => ({ ...facts(), machine: 'pdp11' })],
    ['an unknown field', 400, 'bad-field', 'colour', () => ({ ...facts(), more: ['colour=red'] })],
    ['a field twice', 400, 'bad-field', 'release', () => ({ ...facts(), more: ['release=6.1'] })],
    ['an unknown kind', 400, 'bad-field', 'kind', () => ({ ...facts(), more: ['kind=exe'] })],
    [
      'an unknown driver',
      404,
      'unknown-driver-version',
      undefined,
      () => ({ ...facts(), more: ['driver-version=1.0.0+driver'] }),
    ],
    ['no Module.symvers', 400, 'bad-field', 'symvers', () => ({ ...facts(), more: ['symvers=hello'] })],
    [
      'a package from anywhere',
      400,
      'bad-field',
      'kernelurls',
      () => ({ ...facts(), more: ['kernelurls=http://127.0.0.1/x'] }),
    ],
  ])(
    '%s is answered with %i %s for the field %s, and nothing is stored',
    async (_, status, code, field, form) => {
      // The registry may just now write packages of earlier probes. No submission writes to their bucket.
      const count = 'find "$1" -type f -not -ipath "$1/*artifacts*" | wc -l'
      const objects = () => sh('sh', ['-c', count, 'sh', join(work.dir, 'data/s3')])
      const before = [await builds(), await objects()]
      const answer = await submit(form())
      expect(answer.status, answer.body).toBe(status)
      expect(JSON.parse(answer.body)).toMatchObject({
        status,
        code,
        ...(field === undefined ? {} : { field }),
      })
      expect([await builds(), await objects()]).toEqual(before)
    },
  )

  test('a config of twenty megabytes is answered with 413', async () => {
    const answer = await submit({ ...facts(), config: Buffer.alloc(20_000_000, 'x') })
    expect(answer.status).toBe(413)
  })
})

describe('a hostile config', () => {
  const MARK = 'hostile-config-ran'
  const canary = () => join(work.dir, 'data', 'canary')
  const forms = hostileForms(`echo ${MARK}; touch /tmp/${MARK}`)

  test.each(forms.filter(({ fate }) => fate === 'refused').map(({ name, lines }) => [name, lines]))(
    'with %s is refused',
    async (_, lines) => {
      const before = await builds()
      // Some of the forms have bytes that are not UTF-8.
      const config = gzipSync(Buffer.from(`${host.config}${lines}\n`, 'utf8'))
      const answer = await submit({ config, release: kernel.unameRelease })
      expect([413, 422], answer.body.slice(0, 300)).toContain(answer.status)
      expect(await builds()).toBe(before)
    },
  )

  const disarmed = forms.filter(({ fate }) => fate === 'disarmed')
  /** All names that the forms set. All sanitized forms are the same config, so its tree is made only once. */
  const names = [
    ...new Set(disarmed.flatMap(({ lines }) => [...lines.matchAll(/^CONFIG_(\w+)=/gm)].map(([, n]) => n))),
  ]

  /** One of each kind, because each needs a build. */
  const KINDS = [
    'a suffix that is a command',
    'a command substitution in LOCALVERSION',
    'flags for the compiler',
  ]
  const built = disarmed.filter(({ name }) => LONG || KINDS.includes(name))

  test('is tried in every form, or in one of each kind', () => {
    expect(built).toHaveLength(LONG ? disarmed.length : KINDS.length)
    if (!LONG) console.log(`${disarmed.length - built.length} more forms are built by npm run test:long`)
  })

  test.each(built.map(({ name, lines }) => [name, lines]))(
    'with %s is sanitized before the build, and no command of it runs',
    async (_, lines) => {
      await writeFile(canary(), MARK)
      const ours = names.map((name) => `CONFIG_${name}=`)
      const others = host.config.split('\n').filter((line) => !ours.some((start) => line.startsWith(start)))
      const [first] = ours.filter((start) => lines.includes(start))
      // At its own position: the order of the options is a part of the config.
      const options = ours.map((start) => {
        if (start === first) return lines
        return start === 'CONFIG_ZZZ=' ? 'CONFIG_ZZZ=y' : `${start}""`
      })
      const release = `${numbers()}-hostile`
      const answer = await accepted({
        config: gzipSync(`${[...others, ...options].join('\n')}\n`),
        release,
        version: OWN_VERSION,
        // The registry would refuse a suffix that is not a part of the release before any build.
        more: ['kind=kmod', 'force=true'],
      })
      const [probe] = answer.probes
      const file = await download(probe!.url)
      expect((await modinfo('vermagic', file)).split(' ')[0]).toBe(release)
      expect((await logOf(probe!.url)).stdout).not.toContain(MARK)
      expect(existsSync(`/tmp/${MARK}`)).toBe(false)
      expect(await readFile(canary(), 'utf8')).toBe(MARK)
      expect(answer.config.neutralized.length).toBeGreaterThan(5)
    },
  )
})
