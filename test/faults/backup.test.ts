// Tests that `probe-registry restore` restores a registry whose disk was lost, from the file that `probe-registry backup` wrote
// while the registry ran, as docs/operations.md shows.

import { createHash } from 'node:crypto'
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { commandsOf, documents } from '../support/documents/markdown.ts'
import { pinned } from '../support/registry/kernels.ts'
import { ask, curl, type Registry, sh } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const ROOT = join(import.meta.dirname, '../..')
const { release } = pinned('6.1', 'amd64')
const pathOf = (flavour: string) => `/driver/0.20.0/x86_64/scap_debian_${flavour}_1.ko`
const THERE = pathOf(release)
const BUILT_NOW = pathOf(pinned('6.1', 'cloud-amd64').release)

const here = stand()
let registry: Registry
let file: string
beforeAll(async () => {
  file = join(here.dir(), 'probes.tar')
  registry = await here.start()
  expect(await here.get(THERE)).toMatchObject({ code: 0 })
})

/** Runs the document's command with this test's file and folder. */
function shown(name: 'backup' | 'restore', dataDir: string, archive = file): Promise<string> {
  const command = documents()
    .flatMap(commandsOf)
    .find((line) => line.startsWith(`npx --no-install probe-registry ${name} `))
  const here = String(command)
    .replace('probes.tar', archive)
    .replace(/ --data \S+/, '')
  return sh('sh', ['-c', `${here} --data ${dataDir}`], ROOT)
}
const refusal = (...args: Parameters<typeof shown>) =>
  shown(...args).then(
    () => undefined,
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  )

const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** The digests of a host's downloads: the probe, its signature, checksum and log, and the key. */
async function served(): Promise<string[]> {
  const got = join(here.dir(), 'got')
  return Promise.all(
    [THERE, `${THERE}.asc`, `${THERE}.sha256`, `${THERE}.log`, '/keys/falco-probes.asc'].map(
      async (path, at) => {
        expect(await curl(['-fsSL', '-o', `${got}${at}`, registry.url + path])).toMatchObject({ code: 0 })
        return digest(readFileSync(`${got}${at}`))
      },
    ),
  )
}

test('a restored registry serves the same bytes, signatures and key, and signs new probes with that key', async () => {
  const before = await served()
  // The registry continues a build during the backup.
  const building = curl(['-sSL', '--max-time', '50', '-o', '/dev/null', registry.url + BUILT_NOW])
  expect(await shown('backup', registry.dataDir)).toMatch(
    /: 1 published probes, 0 submitted kernels, 0 failed events, and the signing key/,
  )
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await refusal('backup', registry.dataDir)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is there already, and is not replaced'),
  })
  expect(await refusal('restore', registry.dataDir)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is not empty'),
  })
  await building
  await here.stop('SIGKILL')
  rmSync(registry.dataDir, { recursive: true })

  const dataDir = join(here.dir(), 'restored')
  await shown('restore', dataDir)
  registry = await here.start({ dataDir })
  expect(registry.output()).not.toContain('SigningKeyPair')
  expect((await ask(registry.url + THERE)).status).toBe(307)
  expect(await served()).toEqual(before)
  expect(await here.get(BUILT_NOW, '--retry', '3')).toMatchObject({ code: 0 })
  for (const [name, path] of [
    ['key', '/keys/falco-probes.asc'],
    ['new.ko', BUILT_NOW],
    ['new.ko.asc', `${BUILT_NOW}.asc`],
  ])
    await curl(['-fsSL', '-o', join(here.dir(), String(name)), registry.url + path])
  const gpg = `GNUPGHOME=$(mktemp -d); export GNUPGHOME; gpg -q --import key && gpg --verify new.ko.asc new.ko; rc=$?; rm -r "$GNUPGHOME"; exit $rc`
  expect(await sh('sh', ['-c', gpg], here.dir())).toContain('Good signature')
})

test('an incomplete, wrong or missing file restores nothing, and no message contains the key', async () => {
  const cut = join(here.dir(), 'cut.tar')
  const dataDir = join(here.dir(), 'nothing')
  writeFileSync(cut, readFileSync(file), { mode: 0o600 })
  truncateSync(cut, statSync(file).size - 700)
  for (const archive of [cut, join(ROOT, 'package.json'), join(here.dir(), 'absent.tar')]) {
    const told = await refusal('restore', dataDir, archive)
    expect(told).toMatchObject({ code: 2, stderr: expect.stringContaining('Nothing was restored') })
    expect(told?.stderr).not.toContain('PRIVATE')
  }
  expect(statSync(dataDir, { throwIfNoEntry: false })).toBeUndefined()
  const nobody = await refusal('backup', dataDir, join(here.dir(), 'b.tar'))
  expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('no registry runs on') })
})
