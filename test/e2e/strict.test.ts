// `npm start -- --strict`: the quotas of a new account of AWS and the faults of a fixed seed. A probe comes all the same.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pinnedPath } from '../support/registry/probes.ts'
import { ask, curl, type Registry, scratch, sh, startRegistry } from '../support/registry/registry.ts'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: join(work.dir, 'data'), args: ['--strict=a-seed'] })
})
afterAll(async () => {
  await registry?.stop()
  await work.remove()
})

/** As the loader of Falco asks, which comes again where it is told to. */
const patient = (url: string, file: string) =>
  curl(['-fsSL', '-o', join(work.dir, file), '--max-time', '70', '--retry', '8', '--retry-all-errors', url])

test('it says its seed, and what of the template does nothing here', () => {
  expect(registry.output()).toMatch(/^strict: .* npm start -- --strict=a-seed$/m)
  expect(registry.output()).toMatch(/^strict: .* do nothing here: .*AWS::CloudWatch::Alarm, /m)
  expect(registry.output()).toMatch(/AWS::S3::Bucket\.VersioningConfiguration/)
})

test('a probe is built by the first request, has its signature, and is the same for the next one', async () => {
  const url = `${registry.url}${pinnedPath('cloud-amd64')}`
  const first = await patient(url, 'first.ko')
  expect(first, first.code === 0 ? '' : (await ask(`${url}.json`)).body).toMatchObject({ code: 0 })
  expect(await patient(url, 'second.ko')).toMatchObject({ code: 0 })
  expect(await patient(`${url}.asc`, 'first.ko.asc')).toMatchObject({ code: 0 })
  const [one, other] = (await sh('sha256sum', ['first.ko', 'second.ko'], work.dir))
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0])
  expect(one).toBe(other)
  expect(await patient(`${url}.json`, 'about.json')).toMatchObject({ code: 0 })
  const about = JSON.parse(await readFile(join(work.dir, 'about.json'), 'utf8'))
  expect(about).toMatchObject({ state: 'published' })
  const builds = await readdir(join(work.dir, 'data', 'builds'))
  expect(builds.filter((file) => file.endsWith('.log'))).toHaveLength(1)
})
