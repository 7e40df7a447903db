// Tests the real client in an emulated machine with Debian's kernel, against the complete stack outside: it loads a probe that
// was missing, and refuses wrong ones.

import { readFile } from 'node:fs/promises'
import { createServer, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostFiles } from '../support/registry/host-files.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import {
  DRIVER_VERSION,
  freePort,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'
import { sysdig } from '../support/sysdig.ts'
import { bootVm, HOST_LOOPBACK, programs } from '../support/vm.ts'

const VERSION = encodeURIComponent(DRIVER_VERSION)
let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
let port: number
let kernel: DebianKernel
let other: DebianKernel
let keys: Record<'ours' | 'anothers', string>

beforeAll(async () => {
  work = await scratch()
  port = await freePort()
  kernel = pinned('6.1', 'amd64')
  // A kernel with symbol versions loads modules of similar kernels, but not those of a kernel with another preemption mode.
  other = pinned('6.1', 'rt-amd64')
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    port,
    loadTest: 'required',
    env: { PUBLIC_URL: `http://${HOST_LOOPBACK}:${port}` },
  })
  keys = { ours: (await upstream('/keys/falco-probes.asc')).body.toString(), anothers: await anotherKey() }
}, 240_000)
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

async function anotherKey(): Promise<string> {
  const gpg = ['--homedir', work.dir, '--batch', '--quiet']
  await sh('gpg', [...gpg, '--passphrase', '', '--quick-gen-key', 'another', 'rsa2048', 'sign'])
  return sh('gpg', [...gpg, '--armor', '--export', 'another'])
}

interface Upstream {
  readonly status: number
  readonly body: Buffer
}

/** Downloads from outside as a client in the machine does: each link has the address of this host inside the machine. */
function upstream(path: string, hops = 10): Promise<Upstream> {
  return new Promise((resolve, reject) => {
    const host = `${HOST_LOOPBACK}:${port}`
    const asked = request({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
      const { location } = response.headers
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        if (location === undefined || hops === 0)
          return resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) })
        const next = new URL(location, `http://${host}`)
        upstream(next.pathname + next.search, hops - 1).then(resolve, reject)
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

const pathOf = ({ release }: DebianKernel) => `/driver/${VERSION}/x86_64/scap_debian_${release}_1.ko`

/** The files of a host with the client and this key. */
async function hostWith(key: string, osRelease: string, more: Record<string, Uint8Array | string> = {}) {
  return {
    '/usr/local/bin/falco-driver-loader': await readFile('client/falco-driver-loader'),
    '/etc/falco/falco-probes.asc': key,
    '/etc/os-release': osRelease,
    ...programs('gpgv'),
    ...more,
  }
}
const DEBIAN_12 = 'ID=debian\nVERSION_ID="12"\n'

/** A script that runs the client with one repository, and prints its exit status and the files that are left. */
const loading = (name: string, repo: string, settings = ''): string => `
echo "== ${name}"
DRIVERS_REPO=${repo} DRIVER_VERSION='${DRIVER_VERSION}' DRIVER_NAME=scap ${settings} \\
  sh /usr/local/bin/falco-driver-loader module 2>&1; echo "exit $?"
echo "left: $(find /root/.falco -type f 2>/dev/null | tr '\\n' ' ')"
echo "live: $(grep -c '^scap ' /proc/modules)"
`

/** The output under each name. */
const sections = (said: string): Record<string, string> =>
  Object.fromEntries(
    said
      .split(/^== /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  )

test('the emulated machine runs Debian’s kernel', async () => {
  const said = await bootVm({ unameRelease: kernel.unameRelease, script: 'uname -r; uname -v', seconds: 60 })
  expect(said).toContain(kernel.unameRelease)
  expect(said).toContain(`Debian ${kernel.release.replace('-amd64', '')} `)
})

describe('a host of an unsupported distribution', () => {
  test('submits its config, loads the probe that the registry built and tested, and captures events', async () => {
    const { config } = await hostFiles(kernel.unameRelease)
    const client = sysdig(20)
    const files = await hostWith(keys.ours, 'ID=alpine\nVERSION_ID=3.20\n', {
      [`/boot/config-${kernel.unameRelease}`]: config,
      ...programs('curl'),
      ...client.files,
    })
    const repo = `http://${HOST_LOOPBACK}:${port}/driver`
    const said = await bootVm({
      unameRelease: kernel.unameRelease,
      files,
      network: true,
      seconds: 300,
      script: `${loading('own', repo)}\ngrep '^scap ' /proc/modules\nls /dev/scap0\ndmesg | grep -i scap | tail -n 3
echo "== client"; ${client.script}`,
    })
    const { own, client: captured } = sections(said)
    expect(captured).toMatch(/^sysdig ended with 0$/m)
    expect(captured).toMatch(/^sysdig saw 20 events$/m)
    expect(own, registry.output()).toContain('exit 0')
    expect(own).toMatch(/^live: 1$/m)
    expect(own).toMatch(/^scap \d+ 0 - Live /m)
    expect(own).toContain('/dev/scap0')
    expect(own).toMatch(/\.ko/)
    // Its os-release is not Debian's, so the signature of the probe has the host's own names.
    const [, path = ''] = /Asking for \S+(\/config\/\S+)/.exec(own ?? '') ?? []
    const story = JSON.parse((await upstream(`${path}.json`)).body.toString())
    expect(story).toMatchObject({
      state: 'published',
      probe: { target: 'alpine' },
      loadTest: { verdict: 'passed', capture: { buffers: 1, api: '1.0.0' } },
    })
    expect(story.manifest.headers.map(({ name }: { name: string }) => name)).toContain(
      `linux-headers-${kernel.unameRelease}`,
    )
  })
})

describe('a host with busybox only', () => {
  let proxy: Server
  let said: Record<string, string>

  beforeAll(async () => {
    // The registry publishes and signs both.
    for (const path of [pathOf(kernel), pathOf(other)]) expect((await upstream(path)).status).toBe(200)
    proxy = createServer((asked, answer) => void tamper(asked.url ?? '/', answer))
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const at = `http://${HOST_LOOPBACK}:${(proxy.address() as AddressInfo).port}`
    const wrong = '/etc/falco/anothers.asc'
    const version = `#1 SMP PREEMPT_RT Debian ${other.release.replace('-rt-amd64', '')}`
    const demanded = `DRIVER_KERNEL_RELEASE=${other.unameRelease} DRIVER_KERNEL_VERSION='${version}'`
    const scenes = [
      loading('down', `http://${HOST_LOOPBACK}:1/driver`),
      loading('corrupted', `${at}/corrupted/driver`),
      loading('cut', `${at}/cut/driver`),
      loading('wrong key', `${at}/good/driver`, `FALCO_PROBES_KEY=${wrong}`),
      loading('other release', `${at}/other/driver`),
      loading('other demanded', `${at}/good/driver`, demanded),
      'rm -rf /root/.falco',
      loading('good', `${at}/good/driver`),
    ]
    said = sections(
      await bootVm({
        unameRelease: kernel.unameRelease,
        files: await hostWith(keys.ours, DEBIAN_12, { [wrong]: keys.anothers }),
        network: true,
        seconds: 300,
        script: scenes.join('\n'),
      }),
    )
  }, 600_000)
  afterAll(() => {
    proxy.closeAllConnections()
    proxy.close()
  })

  /** Forwards the answer of the registry, and changes it as the first part of the path says. */
  async function tamper(url: string, answer: ServerResponse): Promise<void> {
    const [, mode = '', path = ''] = /^\/([a-z]+)(\/.*)$/.exec(url) ?? []
    const asked = mode === 'other' ? path.replace(kernel.release, other.release) : path
    const { status, body } = await upstream(asked)
    const probe = path.endsWith('.ko')
    if (probe && mode === 'corrupted') body[body.length >> 1]! ^= 1
    answer.writeHead(status, { 'content-length': body.length })
    if (!probe || mode !== 'cut') return void answer.end(body)
    answer.write(body.subarray(0, body.length >> 1))
    setTimeout(() => answer.destroy(), 200)
  }

  test('verifies, stores and loads a good probe', () => {
    expect(said.good).toContain('exit 0')
    expect(said.good).toMatch(/^left: \/root\/\.falco\/\S+\.ko /m)
    expect(said.good).toMatch(/^live: 1$/m)
  })

  test.each([
    ['down', /10\.0\.2\.2/],
    ['corrupted', /checksum|sha256/i],
    ['cut', /cut|short|checksum|sha256|not complete|broke|end/i],
    ['wrong key', /signature|key/i],
    // Signed by the right key, but the mirror sends it instead of the requested probe.
    [
      'other release',
      /signed as another probe, so it is not kept\.\s+It is signed for .*uname-release=\S+-rt-amd64/,
    ],
  ])(
    'refuses the download in the case `%s`, prints the reason, loads nothing and leaves no file',
    (name, why) => {
      expect(said[name]).toMatch(/^exit [1-9]\d*$/m)
      expect(said[name]).toMatch(why)
      expect(said[name]).toMatch(/^left: *$/m)
      expect(said[name]).toMatch(/^live: 0$/m)
    },
  )

  test('stores a requested module of another kernel release, but does not load it', () => {
    expect(said['other demanded']).toMatch(/^exit 0$/m)
    expect(said['other demanded']).toMatch(/is in place for the kernel \S+-rt-amd64\.\s+Nothing was loaded/)
    expect(said['other demanded']).toMatch(/^left: \/root\/\.falco\/\S+\.ko /m)
    expect(said['other demanded']).toMatch(/^live: 0$/m)
  })
})
