// Tests the loader on a host against the complete stack. Only `insmod` is replaced, by a script that loads nothing.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { submissionAnswer } from '../../lib/api/schemas.ts'
import { type Host, type Http, makeHost, type Ran, type Shell, write } from '../support/client/host.ts'
import { hostFiles } from '../support/registry/host-files.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import { STRICT } from '../support/registry/mode.ts'
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
const hosts: Host[] = []

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: join(work.dir, 'data') })
  kernel = pinned('6.1', 'amd64')
  const { body } = await ask(`${registry.url}/keys/falco-probes.asc`, '-L')
  await writeFile(join(work.dir, 'falco-probes.asc'), body)
}, 240_000)
afterAll(async () => {
  for (const host of hosts) host.remove()
  await registry.stop()
  await work.remove()
})

const DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'

type Named = Pick<DebianKernel, 'release' | 'unameRelease'>
const unameOf = ({ release, unameRelease }: Named) => ({
  release: unameRelease,
  version: `#1 SMP PREEMPT_DYNAMIC Debian ${release.replace(/-[a-z-]*amd64$/, '')} (2026-10-20)`,
})

const debian = (kernel: Named, http: Http = 'curl'): Host => {
  const host = makeHost({ raw: { machine: 'x86_64', osRelease: DEBIAN_12, ...unameOf(kernel) }, http })
  hosts.push(host)
  return host
}

/** The variables in the order of docs/client.md. */
const exported = () => ({ DRIVERS_REPO: `${registry.url}/driver`, DRIVER_NAME: 'scap', DRIVER_VERSION })
const load = async (host: Host, args: string[] = [], shell?: Shell) =>
  calm(await host.run(args, { ...exported(), FALCO_PROBES_KEY: join(work.dir, 'falco-probes.asc') }, shell))
/** A strict registry sometimes asks the loader to retry, and the loader prints when it does. */
const calm = (ran: Ran): Ran =>
  STRICT ? { ...ran, stderr: ran.stderr.replace(/^ {2}.*; next try in \d+ s\n/gm, '') } : ran
const placed = (host: Host, file: string) => join(host.dir, 'home/.falco', DRIVER_VERSION, 'x86_64', file)
const vermagic = async (file: string) =>
  (await sh('/usr/sbin/modinfo', ['-F', 'vermagic', file])).split(' ')[0]

describe('a host', () => {
  test('gets a missing probe with its first request, as docs/client.md shows', async () => {
    const host = debian(kernel)
    const ran = await load(host)
    expect(ran, (await ask(`${registry.url}/driver/x`)).body).toMatchObject({ status: 0, stderr: '' })
    const file = placed(host, `scap_debian_${kernel.release}_1.ko`)
    expect(await vermagic(file)).toBe(kernel.unameRelease)
    expect(await readFile(host.calls, 'utf8')).toBe(`insmod ${file}\n`)
    const variables = Object.entries(exported()).map(([name, value]) => `${name}=${value}`)
    expect(await readFile('docs/client.md', 'utf8')).toContain(
      asShown(`# export ${variables.join(' ')}\n${LOAD}${ran.stdout}`),
    )
  })

  test('that has only busybox gets an eBPF probe', async () => {
    const host = debian(pinned('6.1', 'cloud-amd64'), 'busybox wget')
    expect(await load(host, ['bpf'], 'busybox ash')).toMatchObject({ status: 0, stderr: '' })
    expect(host.left()).toContain('.falco/scap-bpf.o')
  })

  test('that submits the config of Debian’s kernel gets Debian’s probe', async () => {
    const { config } = await hostFiles(kernel.unameRelease)
    await settle(config)
    for (const [http, shell] of [
      ['curl', 'dash'],
      ['wget', 'busybox ash'],
    ] as const) {
      const host = debian(kernel, http)
      write(join(host.dir, 'root'), { [`boot/config-${kernel.unameRelease}`]: config })
      const ran = await load(host, ['--compile'], shell)
      expect(ran).toMatchObject({ status: 0, stderr: '' })
      expect(ran.stdout).toContain(
        `${registry.url}/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_`,
      )
    }
  })

  test('with an unknown kernel submits its config and waits for the build, as docs/client.md shows', async () => {
    const release = `${kernel.release.replace(/-.*/, '')}-mine`
    const host = debian({ release, unameRelease: release })
    const { config } = await hostFiles(kernel.unameRelease)
    const own = config.replace(/^CONFIG_LOCALVERSION=.*$/m, 'CONFIG_LOCALVERSION="-mine"')
    write(join(host.dir, 'root'), { [`boot/config-${release}`]: own })
    const ran = await load(host)
    expect(ran, ran.stderr).toMatchObject({ status: 0 })
    const [file = ''] = host.left().filter((path) => path.endsWith('.ko'))
    expect(await vermagic(join(host.dir, 'home', file))).toBe(release)
    const shown = await readFile('docs/client.md', 'utf8')
    expect(shown.replace(/^falco-driver-loader: .*\n/gm, '')).toContain(asShown(LOAD + ran.stdout, host))
    expect(shown).toContain(asShown(ran.stderr, host))
  })

  test('gets the compiler’s errors if the driver does not compile', async () => {
    const host = debian(pinned('6.12', 'amd64'))
    const ran = await load(host, ['--download'])
    expect(ran.stderr).toMatch(/HTTP 404: .*error:/s)
    expect(ran.status).toBe(3)
    expect(host.left()).toEqual([])
  })

  test('refuses a probe of a registry that has another key', async () => {
    const other = await scratch()
    await sh('mkdir', ['-m', '700', join(other.dir, 'home')])
    const gpg = ['--homedir', join(other.dir, 'home'), '--batch', '--passphrase', '']
    await sh('gpg', [...gpg, '--quick-gen-key', 'other@example.org', 'rsa2048'])
    await sh('gpg', [...gpg, '--export', '-o', join(other.dir, 'key.gpg')])
    await sh('gpgconf', ['--homedir', join(other.dir, 'home'), '--kill', 'all'])
    const host = debian(kernel)
    const ran = await host.run([], { ...exported(), FALCO_PROBES_KEY: join(other.dir, 'key.gpg') })
    expect(ran).toMatchObject({
      status: 6,
      stderr: expect.stringContaining('not signed by a key that this host trusts'),
    })
    expect(host.left()).toEqual([])
    await other.remove()
  })
})

/** Submits the config with curl, and waits until the registry found the kernel that it belongs to. */
async function settle(config: string): Promise<void> {
  write(work.dir, { config, 'os-release': DEBIAN_12 })
  const { release, version } = unameOf(kernel)
  const fields = {
    config: `@${join(work.dir, 'config')}`,
    release,
    version,
    machine: 'x86_64',
    'os-release': `@${join(work.dir, 'os-release')}`,
    kind: 'kmod',
    'driver-version': DRIVER_VERSION,
  }
  const form = Object.entries(fields).flatMap(([name, value]) => ['-F', `${name}=${value}`])
  const { body } = await ask(`${registry.url}/v1/probes`, ...form)
  const { probes } = submissionAnswer.parse(JSON.parse(body))
  expect(await curl(['-fsSL', '-o', join(work.dir, 'settled'), registry.url + probes[0]?.url])).toMatchObject(
    { code: 0 },
  )
}

/** The command of `load` in docs/client.md. */
const LOAD = '# sh falco-driver-loader\n'

/** The session with the kernel, port, config, times and key of docs/client.md. */
const asShown = (session: string, host?: Host) =>
  session
    .replaceAll(join(host?.dir ?? '/', 'root'), '')
    .replace(
      /(?: {2}building, \d+ s\n)+ {2}built, \d+ s\n/,
      '  building, 0 s\n  building, 21 s\n  built, 29 s\n',
    )
    .replace(
      /\/config\/[0-9a-f]{64}/,
      '/config/8f65c2c3dd7506c74aab0680fcf25ebf730f83c21ab0cd8fba6830aeff8c82bd',
    )
    .replaceAll(`${kernel.release.replace(/-.*/, '')}-mine`, '6.1.192-mine')
    .replaceAll(registry.url, 'http://127.0.0.1:8080')
    .replaceAll(kernel.release, '6.1.192-2-amd64')
    .replaceAll(kernel.unameRelease, '6.1.0-56-amd64')
    .replace(/key [0-9A-F]+$/m, 'key 3A27B4F6ABB6A7814A91C7FDBD657C89FA4E7CA2')

test('a plain curl downloads the same bytes as the loader', async () => {
  const name = `scap_debian_${kernel.release}_1.ko`
  const file = join(work.dir, name)
  await curl([
    '-fsSL',
    '-o',
    file,
    `${registry.url}/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/${name}`,
  ])
  expect(await readFile(placed(hosts[0] as Host, name))).toEqual(await readFile(file))
})
