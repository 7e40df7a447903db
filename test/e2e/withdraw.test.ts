// Tests `probe-registry withdraw` with a running registry, as docs/operations.md shows: nobody can download the probe any more,
// and a host that has it does not load it any more.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { makeHost } from '../support/client/host.ts'
import { commandsOf, documents } from '../support/documents/markdown.ts'
import { pinned } from '../support/registry/kernels.ts'
import { ask, curl, type Registry, scratch, sh, startRegistry } from '../support/registry/registry.ts'

const ROOT = join(import.meta.dirname, '../..')
const DRIVER_VERSION = '0.20.0'
let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: join(work.dir, 'data') })
})
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

const kernel = pinned('6.1', 'amd64')
const path = `/driver/${DRIVER_VERSION}/x86_64/scap_debian_${kernel.release}_1.ko`
const REASON = 'it panics: use modern_ebpf'

async function hostThatHasIt() {
  const version = kernel.release.replace(/-amd64$/, '')
  const host = makeHost({
    raw: {
      machine: 'x86_64',
      osRelease: 'ID=debian\nVERSION_ID="12"\n',
      release: kernel.unameRelease,
      version: `#1 SMP PREEMPT_DYNAMIC Debian ${version} (2026-10-20)`,
    },
  })
  onTestFinished(host.remove)
  const key = join(work.dir, 'key.asc')
  writeFileSync(key, (await ask(`${registry.url}/keys/falco-probes.asc`, '-L')).body)
  const env = {
    DRIVER_NAME: 'scap',
    DRIVER_VERSION,
    DRIVERS_REPO: `${registry.url}/driver`,
    FALCO_PROBES_KEY: key,
  }
  expect(await host.run([], env)).toMatchObject({ status: 0 })
  return { load: () => host.run([], env) }
}

/** Runs the document's command, for the kernel that the archive has today. */
function withdraw(...options: string[]): Promise<string> {
  const [line = ''] = documents()
    .flatMap(commandsOf)
    .filter((command) => command.startsWith('npx --no-install probe-registry withdraw'))
  expect(line).toContain(REASON)
  const own = line.replace(/\/driver\/\S+/, path)
  const command = options.includes('--undo') ? own.replace(/ '.*'$/, '') : own
  return sh('sh', ['-c', `${command} ${options.join(' ')} --data ${registry.dataDir}`], ROOT)
}

test('a withdrawn probe is refused until that is undone, and hosts that have it do not load it', async () => {
  expect(await curl(['-fsSL', '-o', '/dev/null', registry.url + path])).toMatchObject({ code: 0 })
  const { load } = await hostThatHasIt()
  expect(await load()).toMatchObject({ status: 0, stdout: expect.stringContaining('already in place') })

  expect(await withdraw()).toContain(`is withdrawn: a request for it gets 410 and the reason: ${REASON}`)
  const refusal = await ask(registry.url + path)
  expect(refusal.status).toBe(410)
  expect(JSON.parse(refusal.body)).toMatchObject({
    code: 'withdrawn',
    detail: expect.stringContaining(REASON),
  })
  expect(JSON.parse((await ask(`${registry.url}${path}.json`)).body)).toMatchObject({
    withdrawn: { reason: REASON },
  })

  const ran = await load()
  expect(ran).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/is in place and is not loaded: .*\n.*HTTP 410: .*it panics/),
  })

  expect(await withdraw('--undo')).toContain('is served again')
  expect(await load()).toMatchObject({ status: 0 })
})

test('refuses to withdraw a probe that is not published, and wrong arguments', async () => {
  const at = ['--data', registry.dataDir]
  const program = (...args: string[]) =>
    sh('npx', ['--no-install', 'probe-registry', 'withdraw', ...at, ...args], ROOT).catch((error) => error)
  expect(await program(path.replace('-amd64', '-cloud-amd64'), 'x')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not published here'),
  })
  for (const args of [
    ['/etc/passwd', 'x'],
    [path],
    ['--undo', path, 'x'],
    [path, 'two\nlines'],
    ['--bus', 'b', path, 'x'],
    [],
  ])
    expect(await program(...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(/\nUsage: /) })
})
