// On the live registry, an attacker submits a host's config first, with other symbol versions, and a cache in between
// answers the host with that submission.

import { createServer } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { submissionAnswer } from '../../lib/api/schemas.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { makeHost, write } from '../support/client/host.ts'
import { RAW } from '../support/hosts.ts'
import { hostFiles, md5 } from '../support/registry/host-files.ts'
import { pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  startRegistry,
} from '../support/registry/registry.ts'

const VERSION = '#7 SMP PREEMPT_DYNAMIC'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
let config: string
let release: string
beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: { submitted: [DRIVER_VERSION] },
  })
  const kernel = pinned('6.1', 'amd64')
  release = `${kernel.release.replace(/-.*/, '')}-victim`
  const files = await hostFiles(kernel.unameRelease)
  config = files.config.replace(/^CONFIG_LOCALVERSION=.*$/m, 'CONFIG_LOCALVERSION="-victim"')
  write(work.dir, {
    config: gzipSync(config),
    symvers: Buffer.from(files.symvers)
      .toString()
      .replace(/^0x[0-9a-f]{8}\tmodule_layout/m, '0x00000bad\tmodule_layout'),
    'proc-version': 'Linux version 1 (gcc-12 (Debian 12.2.0-14) 12.2.0)\n',
    'os-release': RAW.debian.osRelease,
    'falco-probes.asc': (await ask(`${registry.url}/keys/falco-probes.asc`, '-L')).body,
  })
}, 240_000)
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

async function submitted(...more: string[]) {
  const facts = [
    'config=@config',
    `release=${release}`,
    `version=${VERSION}`,
    'machine=x86_64',
    'os-release=@os-release',
  ]
  const form = [...facts, 'kind=kmod', ...more].flatMap((field) => ['-F', field])
  const { stdout } = await curl(['-sS', ...form, `${registry.url}/v1/probes`], work.dir)
  return { text: stdout, answer: submissionAnswer.parse(JSON.parse(stdout)) }
}

const name = () => `${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_${release}_1.ko`
const byConfig = () => `/config/${sha256(config)}/${name()}`
const byMd5 = () =>
  `/stable/sysdig-probe-binaries/sysdig-probe-${encodeURIComponent(DRIVER_VERSION)}-x86_64-${release}-${md5(config)}.ko`

test('a host does not accept the probe of another submission', async () => {
  const theirs = await submitted('symvers=@symvers')
  const [probe] = theirs.answer.probes
  const built = await curl([
    '-fsSL',
    '--retry',
    '5',
    '-o',
    join(work.dir, 'theirs.ko'),
    registry.url + probe?.url,
  ])
  const why = built.code === 0 ? '' : (await ask(registry.url + probe?.url)).body
  expect(built, why).toMatchObject({ code: 0 })
  const view = (await ask(`${registry.url}${probe?.follow}`)).body
  expect(view).toContain('"published"')
  const published = theirs.text.replace('"building"', '"published"')
  const cache = createServer((request, response) => {
    if (request.method === 'POST') response.end(published)
    else response.writeHead(307, { location: registry.url + request.url }).end()
  })
  await new Promise<void>((resolve) => cache.listen(0, '127.0.0.1', resolve))
  const raw = { ...RAW.debian, release, version: VERSION }
  const host = makeHost({ raw, files: { 'proc/config.gz': gzipSync(config) } })
  onTestFinished(() => {
    host.remove()
    cache.closeAllConnections()
    cache.close()
  })
  const address = cache.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const ran = await host.run([], {
    DRIVERS_REPO: `http://127.0.0.1:${port}/driver`,
    DRIVER_NAME: 'scap',
    DRIVER_VERSION,
    FALCO_PROBES_KEY: join(work.dir, 'falco-probes.asc'),
  })
  expect(ran.stderr).toMatch(
    /signed as another probe, so it is not kept\.\n {2}It is signed for .*symvers-sha256=/,
  )
  expect(ran.status).toBe(6)
  expect(host.left()).toEqual([])
})

test('a submission of more than a config gets no name that is computed from the config', async () => {
  const attempts = [
    ['symvers=@symvers'],
    ['proc-version=<proc-version'],
    ['force=true'],
    ['kernelurls=http://mirrors.edge.kernel.org/debian/pool/linux-headers-6.1.0-1-amd64_6.1.1-1_amd64.deb'],
  ]
  for (const more of attempts) {
    const { answer } = await submitted(...more)
    expect(answer.repository, more[0]).toMatch(/^\/config\/[0-9a-f]{64}$/)
    expect(answer.repository, more[0]).not.toBe(`/config/${sha256(config)}`)
  }
  for (const path of [byConfig(), byMd5()]) {
    const { status, body } = await ask(registry.url + path, '-I')
    expect([path, status, body]).toEqual([path, 404, expect.anything()])
    expect((await ask(`${registry.url}${path}.json`)).body).toContain('unknown-config')
  }
})

test('a submission of only a config gets the names of the config', async () => {
  expect((await submitted()).answer.repository).toBe(`/config/${sha256(config)}`)
  expect((await ask(`${registry.url}${byConfig()}.json`)).body).not.toContain('unknown-config')
})
