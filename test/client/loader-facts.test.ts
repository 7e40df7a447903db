// Tests the loader on unusual hosts: compressed files, unusable facts, and proxies in between.

import { createServer, type Server } from 'node:net'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseSubmission } from '../../lib/api/body.ts'
import type { RawFacts } from '../../lib/clients/facts.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { makeHost, SHELLS, type Shell } from '../support/client/host.ts'
import { bytes, CONFIG_REPOSITORY, json, problem, submitted, view } from '../support/client/loopback.ts'
import { ASKED, expectRefused, type Scene, scene, signingKey } from '../support/client/scene.ts'
import { RAW } from '../support/hosts.ts'
import { sh } from '../support/registry/registry.ts'

const CONFIG = `# Linux/x86 6.1.55 Kernel Configuration\n${'CONFIG_X=y\n'.repeat(2000)}`
const SYMVERS = '0x12345678\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n'
const BY_CONFIG = `${CONFIG_REPOSITORY}/9.1.0%2Bdriver/x86_64/falco_vanilla_6.1.55-mine_39.ko`
const shells = Object.keys(SHELLS) as Shell[]

const xz = async (text: string) =>
  Buffer.from(
    await sh('sh', [
      '-c',
      `printf %s "$0" | base64 -d | xz -c | base64`,
      Buffer.from(text).toString('base64'),
    ]),
    'base64',
  )
const packed = async (text: string, path: string): Promise<string | Uint8Array> => {
  if (path.endsWith('.xz')) return xz(text)
  if (path.endsWith('.zst')) return zstdCompressSync(text)
  return path.endsWith('.gz') ? gzipSync(text) : text
}

/** A host before it boots that kernel, so that no fact of the test's machine is used. */
const PREPARED = { DRIVER_KERNEL_RELEASE: '6.1.55-mine', DRIVER_KERNEL_VERSION: '#39 SMP PREEMPT' }

const submissions = (at: Scene) =>
  Promise.all(
    at.registry.asked
      .filter(({ method }) => method === 'POST')
      .map(({ body, type }) => parseSubmission({ contentType: type, bytes: body })),
  )
const text = (content: Uint8Array | undefined) => Buffer.from(content ?? []).toString()

async function builds(at: Scene, symvers?: string): Promise<void> {
  at.registry.on('/v1/probes', submitted(view('published')))
  const parts = { config: sha256(CONFIG), ...(symvers === undefined ? {} : { symvers: sha256(symvers) }) }
  const statement = at
    .statementAt(BY_CONFIG, parts)
    .map((part) => (part.startsWith('!uname-release=') ? '!uname-release=6.1.55-mine' : part))
  await at.publish(BY_CONFIG, await signingKey(), statement)
}

describe('a config', () => {
  test.each([
    'boot/config-6.1.55-mine.xz',
    'lib/modules/6.1.55-mine/config.zst',
    'usr/lib/modules/6.1.55-mine/config.xz',
    'lib/modules/6.1.55-mine/config.gz',
    'usr/src/kernels/6.1.55-mine/.config',
  ])('is found at %s, and sent decompressed, as the statement expects it', async (path) => {
    const at = await scene({ raw: RAW.arch, files: { [path]: await packed(CONFIG, path) } })
    await builds(at)
    for (const shell of shells) {
      const ran = await at.load(['--compile'], PREPARED, shell)
      expect(ran.status, ran.stderr).toBe(0)
    }
    expect((await submissions(at)).map(({ config }) => text(config))[0]).toBe(CONFIG)
  })

  test.each([
    'lib/modules/6.1.55-mine/symvers.zst',
    'usr/lib/modules/6.1.55-mine/symvers.xz',
    'boot/symvers-6.1.55-mine.gz',
    'usr/src/linux-headers-6.1.55-mine/Module.symvers',
  ])('is sent with the symbol versions at %s', async (path) => {
    const files = { 'boot/config-6.1.55-mine': CONFIG, [path]: await packed(SYMVERS, path) }
    const at = await scene({ raw: RAW.arch, files })
    await builds(at, SYMVERS)
    const ran = await at.load(['--compile'], PREPARED)
    expect(ran.status, ran.stderr).toBe(0)
    expect((await submissions(at)).map(({ symvers }) => text(symvers))).toEqual([SYMVERS])
  })

  test.each(shells)(
    'by %s that no installed tool can read leads to the name of the tool to install',
    async (shell) => {
      const path = 'lib/modules/6.1.55-mine/config.zst'
      const at = await scene({
        raw: RAW.arch,
        without: ['zstd'],
        files: { [path]: await packed(CONFIG, path) },
      })
      await builds(at)
      const words =
        /config\.zst cannot be read: zstd is not installed\. Install it \(package zstd\), then run this again/
      expectRefused(at, await at.load(['--compile'], PREPARED, shell), 3, words)
    },
  )

  test('that no installed tool can read is sent as it is if no statement is verified', async () => {
    const path = 'lib/modules/6.1.55-mine/config.zst'
    const body = await packed(CONFIG, path)
    const at = await scene({ raw: RAW.arch, without: ['zstd'], files: { [path]: body } })
    await builds(at)
    const env = { ...PREPARED, DRIVER_INSECURE_SKIP_VERIFY: '1' }
    expect(await at.load(['--compile'], env)).toMatchObject({ status: 0 })
    expect(Buffer.from((await submissions(at))[0]?.config ?? [])).toEqual(Buffer.from(body))
  })

  test('is sent without symbol versions that no installed tool can read, and the loader reports this', async () => {
    const path = 'lib/modules/6.1.55-mine/symvers.zst'
    const files = { 'boot/config-6.1.55-mine': CONFIG, [path]: await packed(SYMVERS, path) }
    const at = await scene({ raw: RAW.arch, without: ['zstd'], files })
    await builds(at)
    const ran = await at.load(['--compile'], PREPARED)
    expect(ran).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/symvers\.zst cannot be read: zstd/),
    })
    expect((await submissions(at))[0]?.symvers).toBeUndefined()
  })
})

describe('a host with unusual facts', () => {
  const odd = (name: string, raw: Partial<RawFacts>, file: string) => [name, raw, file] as const
  test.each([
    odd(
      'where os-release is no name',
      { osRelease: 'ID="My Linux! 9/x"\n' },
      'falco_undetermined_6.1.0-56-amd64_1.ko',
    ),
    odd(
      'where os-release is binary',
      { osRelease: '\u0000\u0001ID=\u001b[2J\n' },
      'falco_undetermined_6.1.0-56-amd64_1.ko',
    ),
    odd(
      'where a release of Flatcar is none',
      { osRelease: 'ID=flatcar\nVERSION_ID="a b"\n' },
      'falco_undetermined_6.1.0-56-amd64_1.ko',
    ),
    odd(
      'where uname -v has no number',
      { osRelease: 'ID=arch\n', version: 'SMP PREEMPT' },
      'falco_arch_6.1.0-56-amd64_1.ko',
    ),
  ])('is named by its other facts %s', async (_, raw, file) => {
    const at = await scene({ raw: { ...RAW.debian, ...raw } })
    for (const shell of shells) await at.load(['--download'], {}, shell)
    const path = `/driver/9.1.0%2Bdriver/x86_64/${file}`
    expect(at.registry.asked.map(({ url }) => url).filter((url) => url.endsWith('.ko'))).toEqual([path, path])
  })

  test.each([
    ['of no version', 'the house of 2024 \u{1F600}\n'],
    ['of bytes', Buffer.from([0, 1, 2, 255, 10, 254])],
    ['of nothing', ''],
  ])('is named without an /etc/VERSION %s', async (_, content) => {
    const at = await scene({ files: { 'etc/VERSION': content, 'boot/config-6.1.0-56-amd64': CONFIG } })
    at.registry.on(ASKED, problem(404, 'unsupported-kernel', 'no'))
    await at.load()
    expect(at.registry.asked[0]?.url).toBe(ASKED)
    expect((await submissions(at))[0]?.facts.etcVersion).toBeUndefined()
  })

  test.each([
    ['that no name can be made of is not sent', 'ID="My Linux!"\n', undefined],
    ['with what only a terminal reads is sent without', 'ID=arch\r\nX=\u001b[2J\u0000\n', 'arch'],
    ['of 9,000 lines is sent as far as it means something', `ID=arch\n${'X=y\n'.repeat(9000)}`, 'arch'],
  ])('has an os-release %s', async (_, osRelease, id) => {
    const files = { 'boot/config-6.1.0-56-amd64': CONFIG }
    const at = await scene({ raw: { ...RAW.debian, osRelease }, files })
    await at.load(['--compile'])
    expect((await submissions(at)).map(({ facts }) => facts.osRelease?.get('ID'))).toEqual([id])
  })

  test('may have any characters in its /proc/version', async () => {
    const at = await scene({
      files: {
        'boot/config-6.1.0-56-amd64': CONFIG,
        'proc/version': 'Linux version 6.1 (büro@höst-\u{1F600}) (gcc) #1\n',
      },
    })
    at.registry.on(ASKED, problem(404, 'unsupported-kernel', 'no'))
    at.registry.on('/v1/probes', problem(429, 'budget-spent', 'tomorrow'))
    await at.load()
    const [sent] = at.registry.asked.filter(({ method }) => method === 'POST')
    expect(sent?.body.toString()).toContain('(büro@höst-\u{1F600}) (gcc) #1')
  })
})

describe('a machine that Falco has no driver for', () => {
  test.each([
    [
      'armv7l',
      /does not exist for armv7l: it needs a 64-bit kernel\.\n {2}Boot one \(on a Raspberry Pi: arm_64bit=1/,
    ],
    ['i686', /does not exist for i686/],
    ['armv8l', /setarch aarch64 sh falco-driver-loader/],
    ['riscv64', /builds probes for x86_64 and aarch64, not for riscv64:\n {2}take Falco's modern eBPF probe/],
  ])('%s gets an error that names what it can do instead', async (machine, words) => {
    const host = makeHost({ raw: { ...RAW.debian, machine } })
    onTestFinished(() => host.remove())
    expect(await host.run([])).toMatchObject({ status: 1, stderr: expect.stringMatching(words) })
  })
})

describe('a proxy', () => {
  const BEHIND = { DRIVERS_REPO: 'http://registry.example/driver' }
  /** Answers every request with 407. */
  async function proxy(): Promise<string> {
    const server: Server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () =>
        socket.end(
          'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
        ),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    return `http://me:secret@127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }

  test.each((['curl', 'wget'] as const).flatMap((http) => shells.map((shell) => ({ http, shell }))))(
    'that requires a password is named without the password, by $shell with $http',
    async ({ http, shell }) => {
      const at = await scene({ http })
      const through = await proxy()
      const env = { http_proxy: through, https_proxy: through, no_proxy: 'localhost' }
      for (const scheme of ['http', 'https']) {
        const repo = BEHIND.DRIVERS_REPO.replace('http', scheme)
        const ran = await at.load(['--download'], { ...env, DRIVERS_REPO: repo }, shell)
        expectRefused(
          at,
          ran,
          2,
          /A proxy answered instead of the registry\. This host asks through: http_proxy=http:\/\/127\.0\.0\.1:\d+ https_proxy=http:\/\/127\.0\.0\.1:\d+ no_proxy=localhost\./,
        )
        expect(ran.stderr).not.toMatch(/secret|me:/)
      }
    },
  )

  test('that answers a submission with its login page is reported', async () => {
    const at = await scene({ files: { 'boot/config-6.1.0-56-amd64': CONFIG } })
    at.registry.on('/v1/probes', bytes('\r\n<!DOCTYPE HTML><title>Sign in</title>'))
    expectRefused(
      at,
      await at.load(['--compile']),
      2,
      /A proxy answered.*\. http_proxy and https_proxy are not set/,
    )
  })

  test('that sends its login page instead of the signature is reported', async () => {
    const at = await scene()
    await at.publish()
    at.registry.on(`${ASKED}.asc`, bytes('\ufeff <html><body>Sign in</body></html>'))
    expectRefused(at, await at.load(['--download']), 2, /A proxy answered/)
  })

  test('that requires a login by HTTP 511 is reported', async () => {
    const at = await scene()
    at.registry.on(ASKED, json({}, 511))
    expectRefused(at, await at.load(['--download']), 2, /HTTP 511\n {2}A proxy answered/)
  })
})

describe('the registry’s advice', () => {
  test('is printed before the build, without control characters', async () => {
    const at = await scene({ raw: RAW.arch, files: { 'boot/config-6.1.55-mine': CONFIG } })
    await builds(at)
    const advice = [
      'No probe needed: the modern eBPF probe "runs"\nhere \u001b[2J',
      'Send Module.symvers, too',
    ]
    const answer = {
      config: { sha256: 'x' },
      verdicts: [],
      advice,
      summary: { kmod: { answer: 'yes', reasons: ['x'] } },
      probes: [view('published')],
    }
    at.registry.on('/v1/probes', json(answer))
    const ran = await at.load(['--compile'], PREPARED)
    expect(ran.stdout).toMatch(
      /\* Submitting .*\n {2}No probe needed: the modern eBPF probe "runs"\n {2}here .*\n {2}Send Module\.symvers, too\n {2}built/,
    )
    expect(ran.stdout).toMatch(/^[\x20-\x7e\n]+$/)
  })

  test.each([{ advice: [] }, {}])('is not printed if it is empty or missing: %j', async (more) => {
    const at = await scene({ raw: RAW.arch, files: { 'boot/config-6.1.55-mine': CONFIG } })
    await builds(at)
    at.registry.on('/v1/probes', json({ ...more, config: { sha256: 'c0ffee' }, probes: [view('published')] }))
    const ran = await at.load(['--compile'], PREPARED)
    expect(ran.status, ran.stderr).toBe(0)
    expect(ran.stdout).toMatch(/\* Submitting .*\n {2}built/)
  })
})
