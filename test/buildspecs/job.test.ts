// Builds of wrong jobs, and the reports and logs of builds.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { failureOf } from '../../lib/build/failure.ts'
import type { Job, JobInput } from '../../lib/build/job.ts'
import { readReport } from '../../lib/build/report.ts'
import { tarball } from '../support/builds/archive.ts'
import { build, type Input } from '../support/builds/build.ts'
import { GOOD, making, smallBuild } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

const good = smallBuild(making(GOOD))
const header = (change: (input: JobInput) => Partial<JobInput>) => (job: Job) => ({
  ...job,
  inputs: job.inputs.map((input) => (input.role === 'header' ? { ...input, ...change(input) } : input)),
})

describe('before the build unpacks anything', () => {
  test('it refuses a job document with another digest', async () => {
    const { exit, output, requests } = await build(store, { ...good, jobSha256: '0'.repeat(64) })
    expect(exit).toBe(1)
    expect(requests).toEqual(['GET job'])
    expect(output).toMatch(/failed at fetch: the job document of a\/probe .* sha256/)
  })

  test.each([
    ['another digest', () => ({ sha256: '0'.repeat(64) }), /does not have the sha256 that the job says/],
    ['more bytes than the job says', () => ({ bytes: 10 }), /larger than the job says/],
    [
      'no object behind it',
      (i: JobInput) => ({ url: i.url.replace('?', 'x?') }),
      /older than its time, or .* gone/,
    ],
    ['a URL that is an option of curl', () => ({ url: 'file:///etc/passwd' }), /its URL is not one/],
    ['a URL that ends its quotes', (i: JobInput) => ({ url: `${i.url}"` }), /its URL is not one/],
  ])('it stops at an input with %s', async (_, change, reason) => {
    const { exit, log, manifest, requests } = await build(store, { ...good, tamper: header(change) })
    expect(exit).toBe(1)
    expect(manifest?.stage).toBe('fetch')
    expect(log).toMatch(/\nfailed at fetch: scap .*: input header-1\.tar\.gz \(sha256 .*\n$/)
    expect(log).toMatch(reason)
    expect(log).not.toContain('unpack')
    expect(log).not.toContain('X-Amz')
    expect(requests.slice(-2)).toEqual(['PUT log', 'PUT manifest'])
  })

  test.each([
    ['KIND', 'module'],
    ['COMPILER', '../gcc'],
    ['COMPILER', '-o/x'],
    ['TREE', 'a/../../b'],
    ['TREE', '/usr/src'],
    ['DRIVER_VERSION', '$(id)'],
    ['COMPILE_SECONDS', '1d'],
    ['PATH', 'x'],
  ])('it refuses a job that sets %s to %s', async (name, value) => {
    const order = { ...good, settings: { [name]: value } }
    const { exit, output, requests } = await build(store, order)
    expect(exit).toBe(1)
    expect(output).toContain(`the job document has an unknown or malformed setting ${name}`)
    expect(requests).toEqual(['GET job'])
  })
})

test.each([
  ['before its inputs are there', 1, /failed at fetch: .*: input \S+ .* was not read: its server refused/],
  ['while it compiles', 3, /failed at upload: .*: the probe was not stored: its server refused/],
])(
  'a build logs that its URLs expired %s, and leaves no report, so it counts as lost and is built again',
  async (_, answered, why) => {
    onTestFinished(() => store.ends(Number.POSITIVE_INFINITY))
    store.ends(answered)
    const { exit, output, probe, manifest } = await build(store, good)
    expect(exit).toBe(1)
    expect(output).toMatch(why)
    expect(output).toContain('is the presigned URL older than its time')
    expect([probe, manifest]).toEqual([undefined, undefined])
    expect(failureOf(manifest, Buffer.from(output))).toBe('build-lost')
  },
)

test('a build runs in an image that has bash as its sh, as CodeBuild’s images do', async () => {
  const { exit, output, manifest } = await build(store, { ...good, shell: 'bash' })
  expect({ exit, output }).toMatchObject({ exit: 0 })
  expect(manifest?.stage).toBe('done')
})

test('an input that is not an archive of its format stops the build at unpacking', async () => {
  const inputs = good.inputs.map((input) => ({ ...input, format: 'deb' as const }))
  const { exit, log, manifest } = await build(store, { ...good, inputs })
  expect(exit).toBe(1)
  expect(manifest?.stage).toBe('unpack')
  expect(log).toMatch(/: an input is not an archive of its kind\n$/)
})

test('header packages without the kernel tree fail at unpacking, not at compiling', async () => {
  const { log, manifest } = await build(store, { ...good, settings: { TREE: 'usr/src/other' } })
  expect(manifest?.stage).toBe('unpack')
  expect(log).toMatch(/: the header packages hold no usr\/src\/other\n$/)
})

test('a build does not enter a root of the steps with another digest, and logs the reason', async () => {
  const other = (role: string) => (role === 'steps' ? { sha256: 'a'.repeat(64) } : {})
  const { exit, log, manifest } = await build(store, {
    ...good,
    outer: 'container',
    tamper: (job) => ({ ...job, inputs: job.inputs.map((input) => ({ ...input, ...other(input.role) })) }),
  })
  expect(exit).toBe(1)
  expect(manifest).toBeUndefined()
  expect(log).toBe(
    'failed at enter: a/probe: the root of the steps was not read: it does not have the sha256 that the job says\n',
  )
})

test.each([
  ['gcc-99', { COMPILER: 'gcc-99' }],
  ['clang-99', { KIND: 'ebpf', CLANG: 'clang-99' }],
] as const)('a root without %s is reported, and no other compiler is used', async (compiler, settings) => {
  const { log, manifest } = await build(store, { ...good, settings })
  expect(manifest?.stage).toBe('prepare')
  expect(log).toMatch(new RegExp(`the build root has no ${compiler} that runs\\n$`))
})

test('a build never unpacks a root with another digest', async () => {
  const root: Input = { role: 'root', format: 'tar.gz', body: tarball({ 'usr/bin/gcc-12': 'evil' }) }
  const { log, manifest } = await build(store, {
    ...good,
    inputs: [root, ...good.inputs],
    settings: { ROOT: 'f'.repeat(64) },
    tamper: (job) => ({
      ...job,
      inputs: job.inputs.map((i) => (i.role === 'root' ? { ...i, sha256: 'e'.repeat(64) } : i)),
    }),
  })
  expect(manifest?.stage).toBe('fetch')
  expect(log).toContain('it does not have the sha256 that the job says')
})

test('the build uploads its log while the driver compiles', async () => {
  const { log, requests } = await build(store, smallBuild(making('echo compiling', 'sleep 4', GOOD)))
  expect(log).toMatch(/\ncompiling\n/)
  expect(requests.indexOf('PUT log')).toBeLessThan(requests.indexOf('PUT probe'))
  expect(requests.slice(-3)).toEqual(['PUT probe', 'PUT log', 'PUT manifest'])
})

test('the build fails if the store refuses the probe, and logs the reason', async () => {
  const refuse = (job: Job) => ({
    ...job,
    outputs: { ...job.outputs, probe: job.outputs.probe.replace('?', '?x') },
  })
  const { exit, log, manifest } = await build(store, { ...good, tamper: refuse })
  expect(exit).toBe(1)
  expect(manifest?.stage).toBe('upload')
  expect(log).toMatch(/\nfailed at upload: .*: the probe was not stored: its server refused/)
})

test('the manifest is readable with any name of a compiler', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  try {
    writeFileSync(join(folder, 'stage'), 'compile 1\n')
    writeFileSync(join(folder, 'timings'), 'fetch 0.007\ncompile 61.250\n')
    writeFileSync(join(folder, 'compiler'), 'gcc "12\\" \u001b[31m\u00e9\t$(id) `id`\nsecond line\n')
    const script = '. ./buildspecs/probe/report.sh; manifest'
    const manifest = execFileSync('sh', ['-euc', script], { env: { ...process.env, WORK: folder } })
    expect(readReport(manifest)).toEqual({
      stage: 'compile',
      compilerVersion: 'gcc "12\\" [31m$(id) `id`',
      timings: { fetch: 0.007, compile: 61.25 },
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
