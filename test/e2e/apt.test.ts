// Tests the apt repository: from the first request of a probe to its installation by a host's own apt. The registry runs
// as with `npm start`.

import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LONG } from '../support/long.ts'
import { pinned } from '../support/registry/kernels.ts'
import { probePath } from '../support/registry/probes.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'
import { type AptHost, aptHost } from '../support/systems/apt-host.ts'
import { whyNoDebian } from '../support/systems/debian.ts'
import { testUnless } from '../support/unless.ts'
import { bootVm, programs } from '../support/vm.ts'

const ROOT = join(import.meta.dirname, '../..')
const SECONDS = 30_000

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
let host: AptHost | undefined
beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: join(work.dir, 'data') })
})
afterAll(async () => {
  host?.remove()
  await registry?.stop()
  await work.remove()
})

const kernel = pinned('6.1', 'amd64')
const path = probePath(kernel.release)
const suite = encodeURIComponent(DRIVER_VERSION)
const list = `dists/${suite}/debian-6.1/binary-amd64/Packages`
const at = (file: string) => `${registry.url}/apt/${file}`
const command = (...args: string[]) =>
  sh('npx', ['--no-install', 'probe-registry', ...args, '--data', registry.dataDir], ROOT)

/** The current files of the list. The registry writes it after it publishes the probe. */
const listed = async (): Promise<string[]> =>
  [...(await ask(at(list), '-L')).body.matchAll(/^Filename: (.*)$/gm)].map(([, file]) => file!)

test('a list or package that never existed is answered with 404, by name and by digest', async () => {
  const digest = '0'.repeat(64)
  for (const file of [
    `dists/${suite}/InRelease`,
    `dists/${suite}/debian-6.1/binary-amd64/by-hash/SHA256/${digest}`,
    `dists/${suite}`,
    `pool${path}/${digest}/x.deb`,
    'pool/x',
    'nothing',
  ])
    expect(`${file} ${(await ask(at(file), '-L')).status}`).toBe(`${file} 404`)
})

const whyNot = whyNoDebian()
const withHost = testUnless(whyNot)
const withHostLong = testUnless(whyNot ?? (LONG ? undefined : 'npm run test:long runs it'))
const on = async (script: string): Promise<string> => {
  const { status, output } = await host!.run(script)
  expect(status, output).toBe(0)
  return output
}
const FILE = `lib/modules/${kernel.unameRelease}/extra/scap.ko`
const POLICY = 'apt-get update >/dev/null; apt-cache policy scap-probe-amd64'

withHost('a probe that nobody had built is asked for once, and then installed by apt', async () => {
  const probe = join(work.dir, 'probe.ko')
  await curl(['-fsSL', '-o', probe, '--max-time', '70', '--retry', '5', registry.url + path])
  await expect.poll(listed, { timeout: SECONDS }).toHaveLength(2)
  host = await hostOf('bookworm')
  await on('apt-get update; apt-get install -y scap-probe-amd64')
  const installed = await on(`sha256sum </${FILE}`)
  expect(installed.split(' ')[0]).toBe((await sh('sha256sum', [probe])).split(' ')[0])
  expect(await on(`modprobe -S ${kernel.unameRelease} --show-depends scap`)).toContain(`insmod /${FILE}`)
  expect(await on('apt-get update')).toMatch(/Hit:1 .*InRelease/)
  expect(await on(POLICY)).toContain(`${registry.url}/apt `)
})

withHostLong('its kernel loads what was installed, by modprobe', async () => {
  const lists = ['modules.dep', 'modules.dep.bin', 'modules.alias.bin', 'modules.symbols.bin'].map(
    (name) => `lib/modules/${kernel.unameRelease}/${name}`,
  )
  const files = Object.fromEntries([FILE, ...lists].map((name) => [`/${name}`, host!.read(name)]))
  const said = await bootVm({
    unameRelease: kernel.unameRelease,
    files: { ...programs('modprobe'), ...files },
    script: '/usr/sbin/modprobe scap; cat /proc/modules',
    seconds: 120,
  })
  expect(said).toMatch(/^scap \d+ 0 - Live /m)
})

test('a withdrawn probe disappears from the lists, and its packages are refused at once', async () => {
  const before = await listed()
  await command('withdraw', path, 'it panics')
  for (const file of before) expect((await ask(at(file), '-L')).status).toBe(410)
  await expect.poll(listed, { timeout: SECONDS }).toEqual([])
  expect((await ask(at(`dists/${suite}/InRelease`), '-L')).body).toContain('Components: debian-6.1')
  if (host !== undefined) expect(await on(POLICY)).not.toContain(`${registry.url}/apt `)
  await command('withdraw', '--undo', path)
  await expect.poll(listed, { timeout: SECONDS }).toEqual(before)
  for (const file of before) expect((await ask(at(file), '-L')).status).toBe(200)
})

test('an operator announces every probe, and an unchanged list is not signed again', async () => {
  const before = (await ask(at(`dists/${suite}/InRelease`), '-L')).body
  const log = () => sh('sh', ['-c', `cat ${registry.dataDir}/logs/*Publish*.log`])
  const times = async () => (await log()).split('"packages"').length
  const handled = await times()
  expect(await command('packages')).toContain('sent events for 1 published probes')
  await expect.poll(times, { timeout: SECONDS }).toBeGreaterThan(handled)
  expect((await ask(at(`dists/${suite}/InRelease`), '-L')).body).toBe(before)
})

test('the command refuses unknown arguments with its usage', async () => {
  for (const args of [['all'], ['--bus', 'b'], ['--no-such-option']])
    expect(await command('packages', ...args).catch((error) => error)).toMatchObject({
      ...{ code: 2, stderr: expect.stringMatching(/\nUsage: /) },
    })
})

async function hostOf(release: 'bookworm'): Promise<AptHost> {
  const host = aptHost(release)
  host.write('etc/apt/keyrings/falco-probes.asc', (await ask(`${registry.url}/keys/falco-probes.asc`)).body)
  host.write(
    'etc/apt/sources.list.d/falco-probes.sources',
    [
      'Types: deb',
      `URIs: ${registry.url}/apt`,
      `Suites: ${DRIVER_VERSION}`,
      'Components: debian-6.1',
      'Signed-By: /etc/apt/keyrings/falco-probes.asc',
      '',
    ].join('\n'),
  )
  host.write(`lib/modules/${kernel.unameRelease}/kernel/none`, '')
  for (const name of ['order', 'builtin'])
    host.write(`lib/modules/${kernel.unameRelease}/modules.${name}`, '')
  return host
}
