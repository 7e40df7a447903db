// Tests the main job end to end, with the commands that a user types: the first GET of a missing probe builds it.

import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LONG } from '../support/long.ts'
import { type DebianKernel, debianKernels, FLAVOURS, pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
  TRIED,
} from '../support/registry/registry.ts'
import { testLong } from '../support/unless.ts'

const ESCAPED = encodeURIComponent(DRIVER_VERSION)
const fileOf = (kernel: DebianKernel, extension: 'ko' | 'o') => `scap_debian_${kernel.release}_1.${extension}`

let registry: Registry
let data: Awaited<ReturnType<typeof scratch>>
let downloads: Awaited<ReturnType<typeof scratch>>
const urlOf = (file: string) => `${registry.url}/driver/${ESCAPED}/x86_64/${file}`

/** The number of builds that the stack has started so far. */
const builds = async () =>
  (await readdir(join(data.dir, 'builds')).catch(() => [])).filter((f) => f.endsWith('.log')).length

beforeAll(async () => {
  data = await scratch()
  downloads = await scratch()
  registry = await startRegistry({ dataDir: data.dir, settings: TRIED })
}, 180_000)

afterAll(async () => {
  await registry.stop()
  await data.remove()
  await downloads.remove()
})

describe('the first GET of a missing probe', () => {
  const all = FLAVOURS.flatMap((flavour) =>
    (['ko', 'o'] as const).map((extension) => ({ flavour, extension })),
  )
  /** Each needs a build, so the short form has both kinds of one flavour, and the module of another. */
  const matrix = LONG
    ? all
    : all.filter(
        ({ flavour, extension }) => flavour === 'amd64' || (flavour === 'rt-amd64' && extension === 'ko'),
      )

  test.each(matrix)(
    'gets the .$extension of a 6.1 $flavour kernel, with a good signature',
    async ({ flavour, extension }) => {
      const kernel = pinned('6.1', flavour)
      const file = fileOf(kernel, extension)
      const first = await curl(['-fLsSO', '--max-time', '60', urlOf(file)], downloads.dir)
      expect(first, first.code === 0 ? '' : await whatHappened(file)).toMatchObject({ code: 0 })
      await expectVerified(file)
      if (extension === 'ko') {
        expect(await sh('modinfo', ['-F', 'vermagic', join(downloads.dir, file)])).toMatch(
          new RegExp(`^${kernel.unameRelease.replaceAll('.', '\\.').replaceAll('+', '\\+')} `),
        )
      }
    },
  )

  const whatHappened = async (file: string) =>
    `${(await ask(urlOf(file))).body}\n${(await ask(urlOf(`${file}.log`), '-L')).body}`

  async function expectVerified(file: string) {
    for (const companion of ['asc', 'sha256', 'json', 'log']) {
      const got = await curl(['-fLsSO', urlOf(`${file}.${companion}`)], downloads.dir)
      expect(got, companion).toMatchObject({ code: 0 })
    }
    expect(await sh('sha256sum', ['-c', `${file}.sha256`], downloads.dir)).toContain('OK')
    const home = join(downloads.dir, 'gnupg')
    await mkdir(home, { recursive: true, mode: 0o700 })
    await curl(['-fsSO', `${registry.url}/keys/falco-probes.asc`], downloads.dir)
    await sh('gpg', ['--homedir', home, '--batch', '-q', '--import', 'falco-probes.asc'], downloads.dir)
    expect(
      await sh('gpg', ['--homedir', home, '--batch', '--verify', `${file}.asc`, file], downloads.dir),
    ).toContain('Good signature')
  }

  test('also creates a .json that names the driver source and the header packages, and a .log', async () => {
    const kernel = pinned('6.1', 'amd64')
    const story = JSON.parse(await readFile(join(downloads.dir, `${fileOf(kernel, 'ko')}.json`), 'utf8'))
    expect(story).toMatchObject({
      state: 'published',
      attempt: 1,
      manifest: { unameRelease: kernel.unameRelease },
    })
    expect(story.manifest.driverSource).toMatchObject({ name: 'falcosecurity-scap-dkms' })
    expect(story.manifest.headers.map((h: { name: string }) => h.name)).toContain(
      `linux-headers-${kernel.unameRelease}`,
    )
    const log = await readFile(join(downloads.dir, `${fileOf(kernel, 'ko')}.log`), 'utf8')
    expect(log).toContain('scap.ko')
  })

  test('lets the second GET get the same bytes without a build', async () => {
    const kernel = pinned('6.1', 'amd64')
    const file = fileOf(kernel, 'ko')
    const before = await builds()
    await mkdir(join(downloads.dir, 'again'))
    expect(await curl(['-fLsSO', urlOf(file)], join(downloads.dir, 'again'))).toMatchObject({ code: 0 })
    expect(await readFile(join(downloads.dir, 'again', file))).toEqual(
      await readFile(join(downloads.dir, file)),
    )
    expect(await builds()).toBe(before)
    const hit = await curl(['-sS', '-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', urlOf(file)])
    expect(hit.stdout).toMatch(/^307 http:\/\/127\.0\.0\.1:\d+\/s3\/.*X-Amz-Signature=/)
    const head = await curl(['-fLsSI', urlOf(file)])
    expect(head.stdout).toMatch(
      new RegExp(`content-length: ${(await stat(join(downloads.dir, file))).size}`, 'i'),
    )
  })
})

describe('a stampede', () => {
  testLong('of 200 GETs of one missing probe makes one build, and all 200 get the module', async () => {
    const { release } = pinned('6.1', 'amd64')
    const another = debianKernels('6.1', 'amd64').find((kernel) => kernel.release !== release)
    if (another === undefined) throw new Error('the archive has only one 6.1 kernel')
    const file = fileOf(another, 'ko')
    const before = await builds()
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        curl(['-fLsS', '--max-time', '60', '-o', join(downloads.dir, `stampede-${i}`), urlOf(file)]),
      ),
    )
    expect(all.filter(({ code }) => code !== 0)).toEqual([])
    expect((await builds()) - before).toBe(1)
    const digests = await sh(
      'sh',
      ['-c', 'sha256sum stampede-* | cut -d" " -f1 | sort -u | wc -l'],
      downloads.dir,
    )
    expect(digests.trim()).toBe('1')
  })
})

describe('a driver that does not compile', () => {
  test('is answered with compile-error, and the answer and the log contain the compiler’s errors', async () => {
    const kernel = pinned('6.12', 'amd64')
    const file = fileOf(kernel, 'ko')
    const target = join(downloads.dir, 'never')
    const first = await curl(['-fLsS', '--max-time', '60', '-o', target, urlOf(file)])
    expect(first.code).toBe(22)
    await expect(stat(target)).rejects.toThrow()
    const before = await builds()
    const again = await ask(urlOf(file))
    expect(again.status).toBe(404)
    const problem = JSON.parse(again.body)
    expect(problem).toMatchObject({ code: 'compile-error', log: expect.stringContaining('.ko.log') })
    expect(problem.detail).toMatch(/error:/)
    expect(Date.parse(problem.retryAt)).toBeGreaterThan(Date.now())
    expect(await builds()).toBe(before)
    const log = await curl(['-fLsS', `${registry.url}${problem.log}`])
    expect(log.stdout).toMatch(/error:/)
  })
})

describe('bad input', () => {
  const name = 'scap_debian_6.1.192-2-amd64_1.ko'
  const path = `/driver/${ESCAPED}/x86_64/${name}`
  test.each([
    ['an unknown driver version', 404, 'unknown-driver-version', path.replace(ESCAPED, '1.0.0%2Bdriver')],
    ['an unknown target', 404, 'unknown-target', path.replace('debian', 'templeos')],
    ['an unknown arch', 400, 'malformed', path.replace('x86_64', 'pdp11')],
    ['an unknown kind', 400, 'malformed', path.replace('.ko', '.exe')],
    [
      'a driver name that the version has not',
      404,
      'unsupported-driver-name',
      path.replace('scap_', 'falco_'),
    ],
    ['a kernel of another arch', 404, 'unsupported-kernel', path.replace('-amd64', '-arm64')],
    [
      'a kernel that Debian never has',
      404,
      'unsupported-kernel',
      path.replace('6.1.192-2', '6.1.192-banana'),
    ],
    ['a release without a number', 400, 'malformed', path.replace('6.1.192-2-amd64', 'banana')],
    ['a truncated escape', 400, 'malformed', `${path}%2`],
    ['garbage escapes', 400, 'malformed', path.replace('%2B', '%zz')],
    ['parent folders', 400, 'malformed', '/driver/../../etc/passwd'],
    ['escaped parent folders', 400, 'malformed', '/driver/%2e%2e/%2e%2e/etc/passwd'],
    ['a name of 4 KB', 400, 'malformed', path.replace('6.1', `6.${'1'.repeat(4096)}`)],
    ['a shell in the name', 400, 'malformed', path.replace('6.1', '$(touch%20pwned)')],
    ['nothing', 400, 'malformed', '/'],
  ])('%s is answered with %i %s, without a build', async (_, status, code, bad) => {
    const before = await builds()
    const answer = await ask(registry.url + bad)
    expect(answer.status, answer.body).toBe(status)
    expect(JSON.parse(answer.body)).toMatchObject({ status, code, title: expect.any(String) })
    expect(await builds()).toBe(before)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is answered with 405', async (method) => {
    const answer = await ask(registry.url + path, '-X', method)
    expect(answer.status).toBe(405)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'method-not-allowed' })
  })

  test('a kernel that the archive does not have is answered with headers-not-found, without a build', async () => {
    const before = await builds()
    const answer = await ask(urlOf('scap_debian_6.1.9999-1-amd64_1.ko'), '-L', '--max-time', '60')
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'headers-not-found' })
    expect(await builds()).toBe(before)
  })
})
