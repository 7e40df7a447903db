import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BELIEVED_MILLISECONDS } from '../../../../lib/archives/apt/suites.ts'
import { createFetch } from '../../../../lib/aws/fetch.ts'
import { fileInDeb } from '../../../../lib/formats/deb.ts'
import { imageOf } from '../../../../lib/kernels/debian/headers.ts'
import type { Fetch } from '../../../../lib/model/ports.ts'
import { debian } from '../../../support/debian.ts'
import { memoryPorts } from '../../../support/memory.ts'
import { debianSuites } from '../../../support/mirrors.ts'

const real = createFetch()
const asked: string[] = []
const counted: Fetch = (url, options) => {
  asked.push(url)
  return real(url, options)
}
const { store, lists, log } = memoryPorts({ now: Date.now })
const { inputs } = store
let later = 0
const planner = debian({ lists, log, inputs, now: () => Date.now() + later, fetch: counted }, debianSuites())
const request = (kernelRelease: string, kind: 'kmod' | 'ebpf' = 'kmod') =>
  ({ arch: 'x86_64', kind, kernelRelease, kernelVersion: '1' }) as const

describe("plans from Debian's real archive", () => {
  test('every 6.1 kernel of it is planned with its own headers, tree and compiler', async () => {
    const kernels = (await planner.kernels('x86_64')).filter(({ kernelRelease }) =>
      kernelRelease.startsWith('6.1.'),
    )
    expect(kernels.length).toBeGreaterThan(5)
    for (const { kernelRelease, unameRelease } of kernels) {
      const plan = await planner.plan(request(kernelRelease, 'ebpf'))
      const names = plan.headers.map(({ name }) => name)
      expect(plan).toMatchObject({
        unameRelease,
        compiler: 'gcc-12',
        tree: `usr/src/linux-headers-${unameRelease}`,
      })
      expect(names).toContain(`linux-headers-${unameRelease}`)
      expect(names.filter((name) => /^linux-(headers-.*-common(-rt)?|kbuild-6\.1)$/.test(name))).toHaveLength(
        2,
      )
    }
  })

  test("a kernel's image is that of the same release and version, signed where the archive has it so", async () => {
    for (const { kernelRelease, unameRelease } of await planner.kernels('x86_64')) {
      const { headers, image } = await planner.plan(request(kernelRelease))
      expect(image?.name).toMatch(/^linux-image-/)
      expect(image?.name.replace(/-unsigned$/, '')).toBe(`linux-image-${unameRelease}`)
      expect(image?.version).toBe(headers.at(-1)?.version)
      const [signed] = await planner.find!(`linux-image-${unameRelease}`, 'x86_64', () => true)
      if (signed?.version === image?.version) expect(image?.name).toBe(signed?.name)
    }
  })

  test('an image of another version, or its debug symbols, is no image of a kernel', () => {
    const [headers, ...archive] = [
      ['linux-headers-6.1.0-9-amd64', '6.1.9-1'],
      ['linux-image-6.1.0-9-amd64', '6.1.9-2'],
      ['linux-image-6.1.0-9-amd64-dbg', '6.1.9-1'],
      ['linux-image-6.1.0-9-cloud-amd64', '6.1.9-1'],
    ].map(([name = '', version = '']) => ({
      name,
      version,
      url: '',
      sha256: '',
      bytes: 1,
      depends: '',
      format: 'deb' as const,
    }))
    if (headers === undefined) throw new Error('no headers')
    expect(imageOf(archive, headers)).toBeUndefined()
    const unsigned = { ...headers, name: 'linux-image-6.1.0-9-amd64-unsigned' }
    expect(imageOf([...archive, unsigned], headers)).toBe(unsigned)
    const signed = { ...headers, name: 'linux-image-6.1.0-9-amd64' }
    expect(imageOf([unsigned, ...archive, signed], headers)).toBe(signed)
  })

  test('a kernel is found by package version and by uname alike, and never of another flavour', async () => {
    for (const { kernelRelease, unameRelease } of await planner.kernels('x86_64')) {
      expect((await planner.plan(request(kernelRelease))).unameRelease).toBe(unameRelease)
      expect((await planner.plan(request(unameRelease))).unameRelease).toBe(unameRelease)
    }
  })

  test('whatever its name, a kernel has one canonical one', async () => {
    for (const { kernelRelease, unameRelease } of await planner.kernels('x86_64')) {
      for (const asked of [kernelRelease, unameRelease]) {
        expect((await planner.plan(request(asked))).kernelRelease).toBe(kernelRelease)
      }
    }
  })

  test('a kernel is known by the config that its hosts have, and not by another', async () => {
    const config = gunzipSync(await readFile('test/vectors/kernel-configs/debian_6.1.0-56-amd64.config.gz'))
    const host = { arch: 'x86_64', unameRelease: '6.1.0-56-amd64' } as const
    const known = (await planner.kernels('x86_64')).find(
      ({ unameRelease }) => unameRelease === host.unameRelease,
    )
    const configMd5 = createHash('md5').update(config).digest('hex')
    if (known === undefined) {
      // The archive has dropped the kernel whose config this is.
      await expect(planner.identify({ ...host, configMd5 })).rejects.toMatchObject({
        code: 'headers-not-found',
      })
      return
    }
    expect(await planner.identify({ ...host, configMd5 })).toEqual({
      kernelRelease: known.kernelRelease,
      kernelVersion: '1',
    })
    await expect(planner.identify({ ...host, configMd5: 'a'.repeat(32) })).rejects.toMatchObject({
      code: 'headers-not-found',
    })
  })

  test('a kernel that the archive has not is headers-not-found', async () => {
    await expect(planner.plan(request('6.1.9999-1-amd64'))).rejects.toMatchObject({
      code: 'headers-not-found',
    })
  })

  test('once read, a list is kept by its digest: a later plan asks for InRelease alone, one soon after for nothing', async () => {
    const [kernel] = await planner.kernels('x86_64')
    later += BELIEVED_MILLISECONDS
    asked.length = 0
    await planner.plan(request(kernel?.unameRelease ?? ''))
    expect(asked.length).toBe(debianSuites().length)
    expect(asked.every((url) => url.endsWith('/InRelease'))).toBe(true)
    await planner.plan(request(kernel?.unameRelease ?? ''))
    expect(asked.length).toBe(debianSuites().length)
  })

  test('packages are those that the archive serves, and a file can be read out of one', async () => {
    const [kernel] = await planner.kernels('x86_64')
    const plan = await planner.plan(request(kernel?.kernelRelease ?? ''))
    const headers = plan.headers.at(-1)
    if (headers === undefined) throw new Error('no headers')
    const deb = await real(headers.url, { maxBytes: headers.bytes })
    expect(createHash('sha256').update(deb).digest('hex')).toBe(headers.sha256)
    const config = await fileInDeb(deb, `${plan.tree}/.config`, 1 << 20)
    expect(Buffer.from(config ?? []).toString()).toContain('CONFIG_MODULES=y')
    expect(await fileInDeb(deb, 'etc/shadow', 1 << 20)).toBeUndefined()
  })
})

describe('a mirror that lies', () => {
  let server: Server
  let answer: (path: string, original: Uint8Array) => Uint8Array | undefined = (_, original) => original
  // The shortest lists; a system fresh from debootstrap has the release alone.
  const suites = debianSuites()
  const suite = suites.find(({ suite: name }) => name.endsWith('-updates')) ?? suites[0]
  const mirror = () => {
    const address = server.address()
    return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
  }
  const lied = () => {
    const fresh = memoryPorts({ now: Date.now })
    const suites = [{ mirror: mirror(), suite: suite?.suite ?? '' }]
    return debian({ lists, log, inputs: fresh.store.inputs, now: Date.now, fetch: real }, suites).kernels(
      'x86_64',
    )
  }

  beforeAll(async () => {
    server = createServer(async ({ url = '' }, response) => {
      const original = await real(`${suite?.mirror}${url}`, { maxBytes: 1 << 26 }).catch(() => undefined)
      const body = original === undefined ? undefined : answer(url, original)
      response.writeHead(body === undefined ? 404 : 200).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => server.close())

  const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte))

  test('but tells the truth is believed, whatever its name', async () => {
    answer = (_, original) => original
    await expect(lied()).resolves.toBeDefined()
  })

  test('about a package list is found out', async () => {
    answer = (path, original) => (path.endsWith('InRelease') ? original : flipped(original))
    await expect(lied()).rejects.toMatchObject({ code: 'digest-mismatch' })
  })

  test('about what was signed is found out', async () => {
    answer = (path, original) => (path.endsWith('InRelease') ? flipped(original) : original)
    await expect(lied()).rejects.toMatchObject({ code: 'signature-invalid' })
  })

  test('in mid-update still has the list under its digest', async () => {
    answer = (path, original) => (/\/Packages(\.\w+)?$/.test(path) ? flipped(original) : original)
    const byHash = await real(`${suite?.mirror}/dists/${suite?.suite}/InRelease`, { maxBytes: 1 << 22 })
    const sha = /^ ([0-9a-f]{64}) +\d+ main\/binary-amd64\/Packages\.[gx]z$/m.exec(
      Buffer.from(byHash).toString(),
    )?.[1]
    const there = await real(
      `${suite?.mirror}/dists/${suite?.suite}/main/binary-amd64/by-hash/SHA256/${sha}`,
      { maxBytes: 1 << 26 },
    ).then(
      () => true,
      () => false,
    )
    // Not every mirror keeps the lists by their digest: then the lie is found out.
    if (there) await expect(lied()).resolves.toBeDefined()
    else await expect(lied()).rejects.toMatchObject({ code: 'digest-mismatch' })
  })
})
