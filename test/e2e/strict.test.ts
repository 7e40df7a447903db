// Tests `npm start -- --strict`, which applies the quotas of a new AWS account and causes faults by a fixed seed: the registry
// keeps its promises to clients that retry. Here the promises in short; `npm run test:long` runs more of them strict
// (vitest.config.ts).

import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { submissionAnswer } from '../../lib/api/schemas.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { hostFiles } from '../support/registry/host-files.ts'
import { pinned } from '../support/registry/kernels.ts'
import { memoryOf, overruns } from '../support/registry/memory.ts'
import { PATIENT } from '../support/registry/mode.ts'
import { OWN_DRIVER, ownDriver } from '../support/registry/own-driver.ts'
import { pinnedPath } from '../support/registry/probes.ts'
import {
  ask as askOnce,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'

const ROOT = join(import.meta.dirname, '../..')
const kernel = pinned('6.1', 'cloud-amd64')
const path = pinnedPath('cloud-amd64')
const WORDS = 'scap.c:7:1: error: there is no such thing'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>

beforeAll(async () => {
  work = await scratch()
  const broken = await ownDriver(join(work.dir, 'driver'), [`echo '${WORDS}' >&2`, 'exit 1'])
  registry = await startRegistry({
    ...{ dataDir: join(work.dir, 'data'), args: ['--strict=a-seed'] },
    settings: { drivers: [...broken.drivers, ...DEFAULTS.drivers], submitted: [DRIVER_VERSION] },
  })
})
afterAll(async () => {
  await registry?.stop()
  await work.remove()
})

/** Asks as a loader that retries. */
const ask = (url: string, ...args: string[]) => askOnce(registry.url + url, ...PATIENT, ...args)
const get = (url: string, file: string) =>
  curl(['-fsSL', '-o', join(work.dir, file), '--max-time', '70', ...PATIENT, registry.url + url])
const about = async (url: string) => JSON.parse((await ask(`${url}.json`)).body)
const digestOf = async (file: string) =>
  createHash('sha256')
    .update(await readFile(join(work.dir, file)))
    .digest('hex')
const builds = async () =>
  (await readdir(join(work.dir, 'data', 'builds'))).filter((file) => file.endsWith('.log')).length

test('prints its seed, and the resources of the template that have no effect here', () => {
  expect(registry.output()).toMatch(/^strict: .* npm start -- --strict=a-seed$/m)
  expect(registry.output()).toMatch(/^strict: .* have no effect here: .*AWS::CloudWatch::Alarm, /m)
  expect(registry.output()).toMatch(/AWS::S3::Bucket\.VersioningConfiguration/)
})

describe('a probe', () => {
  let published: unknown

  test('is built by the first request, has its signature, and is the same for the next one', async () => {
    const first = await get(path, 'first.ko')
    expect(first, first.code === 0 ? '' : JSON.stringify(await about(path))).toMatchObject({ code: 0 })
    expect(await get(path, 'second.ko')).toMatchObject({ code: 0 })
    expect(await get(`${path}.asc`, 'first.ko.asc')).toMatchObject({ code: 0 })
    expect(await digestOf('first.ko')).toBe(await digestOf('second.ko'))
    published = await about(path)
    expect(published).toMatchObject({ state: 'published', sha256: await digestOf('first.ko') })
    expect(await builds()).toBe(1)
  })

  test('is served without another build to a host that submits the config of its kernel', async () => {
    const { buildConfig } = await hostFiles(kernel.unameRelease)
    await writeFile(join(work.dir, 'config'), buildConfig)
    await writeFile(join(work.dir, 'os-release'), 'ID=debian\nVERSION_ID="12"\n')
    const version = `#1 SMP PREEMPT_DYNAMIC Debian ${kernel.release.replace(/-cloud-amd64$/, '')} (2026-10-20)`
    const form = [
      ...[`config=@${work.dir}/config`, `os-release=@${work.dir}/os-release`, `version=${version}`],
      ...[`release=${kernel.unameRelease}`, 'machine=x86_64', 'kind=kmod'],
    ].flatMap((field) => ['-F', field])
    const { status, body } = await ask('/v1/probes', ...form)
    expect(status, body).toBe(200)
    const [probe] = submissionAnswer.parse(JSON.parse(body)).probes
    expect(await get(probe!.url, 'submitted.ko')).toMatchObject({ code: 0 })
    expect(await digestOf('submitted.ko')).toBe(await digestOf('first.ko'))
    expect(await builds()).toBe(1)
  })

  test('is answered with 410 and the reason while it is withdrawn, and is unchanged afterwards', async () => {
    const withdraw = (...args: string[]) =>
      sh(
        'npx',
        ['--no-install', 'probe-registry', 'withdraw', '--data', registry.dataDir, path, ...args],
        ROOT,
      )
    await withdraw('it panics')
    const { status, body } = await ask(path)
    expect(status).toBe(410)
    expect(JSON.parse(body)).toMatchObject({
      code: 'withdrawn',
      detail: expect.stringContaining('it panics'),
    })
    await withdraw('--undo')
    expect(await get(path, 'again.ko')).toMatchObject({ code: 0 })
    expect(await digestOf('again.ko')).toBe(await digestOf('first.ko'))
    expect(await about(path)).toEqual(published)
  })
})

test('a driver that does not compile is built once, and the answer contains the compiler’s error', async () => {
  const before = await builds()
  const url = path.replace(encodeURIComponent(DRIVER_VERSION), encodeURIComponent(OWN_DRIVER))
  expect(await get(url, 'never.ko')).toMatchObject({ code: 22 })
  const { status, body } = await ask(url)
  expect(status, body).toBe(404)
  expect(JSON.parse(body)).toMatchObject({
    code: 'compile-error',
    detail: expect.stringContaining(WORDS),
    retryAt: expect.anything(),
  })
  expect(await readFile(join(work.dir, 'never.ko')).catch(() => 'nothing')).toBe('nothing')
  expect(await builds()).toBe(before + 1)
})

test('no function used more memory than it has in AWS', async () => {
  const memory = memoryOf(registry.dataDir)
  expect([...memory.keys()]).toEqual(expect.arrayContaining(['Plan', 'Publish', 'Resolve', 'Submit', 'Wait']))
  for (const [name, { used, of }] of memory) expect(used, name).toBeLessThanOrEqual(of)
  expect(overruns(registry.dataDir)).toEqual([])
})
