// gpgv exits with success for a revoked and for an expired key. Only its status lines show the state of the key.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NOTATION } from '../../lib/signing/statement.ts'
import { bytes } from '../support/client/loopback.ts'
import { ASKED, expectRefused, MODULE, type Scene, scene } from '../support/client/scene.ts'
import { sh } from '../support/registry/registry.ts'

interface Gpg {
  /** the public key as it is now */
  readonly key: () => Promise<string>
  readonly sign: (statement: readonly string[], ...when: string[]) => Promise<string>
  readonly run: (...args: string[]) => Promise<string>
}

/** A real key with an old date, made by a real gpg in the host's own folder. */
async function gpgOf(at: Scene, expires: string): Promise<Gpg> {
  const home = join(at.host.dir, 'gnupg')
  await sh('mkdir', ['-m', '700', home])
  const run = (...args: string[]) =>
    sh('gpg', [
      '--homedir',
      home,
      '--batch',
      '--yes',
      '--no-tty',
      '--passphrase',
      '',
      '--pinentry-mode',
      'loopback',
      ...args,
    ])
  await run(
    '--faked-system-time',
    '20250101T000000',
    '--quick-gen-key',
    'probes@example.org',
    'rsa3072',
    'sign',
    expires,
  )
  writeFileSync(join(at.host.dir, 'module'), MODULE)
  return {
    run,
    key: async () => {
      await run('--armor', '--export', '-o', join(at.host.dir, 'key.asc'))
      return readFileSync(join(at.host.dir, 'key.asc'), 'utf8')
    },
    sign: async (statement, ...when) => {
      const notations = statement.flatMap((part) => ['--sig-notation', `${NOTATION}=${part}`])
      await run(
        ...when,
        ...notations,
        '--armor',
        '--detach-sign',
        '-o',
        join(at.host.dir, 'module.asc'),
        join(at.host.dir, 'module'),
      )
      return readFileSync(join(at.host.dir, 'module.asc'), 'utf8')
    },
  }
}

/** Publishes a good probe and replaces its signature with gpg's, so that only the key can cause a refusal. */
async function published(expires: string, when: readonly string[] = []) {
  const at = await scene()
  const gpg = await gpgOf(at, expires)
  await at.publish()
  at.registry.on(`${ASKED}.asc`, bytes(await gpg.sign(at.statementAt(ASKED), ...when)))
  const keys = join(at.host.dir, 'key.asc')
  return { at, gpg, keys, load: (list = keys) => at.load([], { FALCO_PROBES_KEY: list }) }
}

async function revoke({ at, gpg }: Awaited<ReturnType<typeof published>>): Promise<void> {
  const [, fingerprint = ''] =
    /^fpr:+([0-9A-F]{40}):/m.exec(await gpg.run('--with-colons', '--list-keys')) ?? []
  const made = join(at.host.dir, 'gnupg/openpgp-revocs.d', `${fingerprint}.rev`)
  writeFileSync(made, readFileSync(made, 'utf8').replace(':-----BEGIN', '-----BEGIN'))
  await gpg.run('--import', made)
}

test('the loader accepts a probe signed by a valid key', async () => {
  const { gpg, load } = await published('never')
  await gpg.key()
  expect(await load()).toMatchObject({ status: 0, stderr: '' })
})

test('the loader refuses a probe signed by a revoked key, and names the key', async () => {
  const one = await published('never')
  await revoke(one)
  await one.gpg.key()
  expectRefused(
    one.at,
    await one.load(),
    6,
    /signed by the key [0-9A-F]{40}, which was revoked; it is not kept/,
  )
})

test('a key that is revoked in one key file is revoked, even if another file has it without the revocation', async () => {
  const one = await published('never')
  const before = join(one.at.host.dir, 'before.asc')
  writeFileSync(before, await one.gpg.key())
  await revoke(one)
  await one.gpg.key()
  expectRefused(one.at, await one.load(`${before} ${one.keys}`), 6, /which was revoked/)
  expectRefused(one.at, await one.load(`${one.keys} ${before}`), 6, /which was revoked/)
})

test('the loader refuses a probe signed by an expired key, and names the key', async () => {
  const one = await published('1y', ['--faked-system-time', '20250601T000000'])
  await one.gpg.key()
  expectRefused(
    one.at,
    await one.load(),
    6,
    /signed by the key [0-9A-F]{40}, which has expired; it is not kept/,
  )
})
