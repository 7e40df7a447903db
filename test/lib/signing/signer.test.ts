// Tests keys and signatures with real gpg, in its own home folder.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateSigningKey, type SigningKey } from '../../../lib/signing/key.ts'
import { createSigner } from '../../../lib/signing/signer.ts'
import { NOTATION } from '../../../lib/signing/statement.ts'

const MADE = Date.UTC(2026, 10, 23, 12)
const DAY = 86_400_000
const PROBE = Uint8Array.from({ length: 800_000 }, (_, i) => (i * 31) >> 3)
const STATEMENT = [
  '!statement=1',
  '!driver-version=0.1.1dev+git20220316.e5c53d64',
  `tool=${'a-very-long-name'.repeat(12)}_1:2.3~rc1-4+b5@sha256:${'0'.repeat(64)}`,
  'compiler=gcc-12',
]

let key: SigningKey
let home: string
beforeAll(async () => {
  key = await generateSigningKey({ name: 'Probe registry', email: 'probes@example.org' }, () => MADE)
  // Not below the folder of a test with a long name: gpg limits the length of the paths of its sockets.
  home = await mkdtemp(join(tmpdir(), 'gpg-'))
  await writeFile(join(home, 'public.asc'), key.publicKey)
  await gpg('--import', join(home, 'public.asc'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

/** Status lines of gpg, whether it failed or not; these calls start no agent. */
async function gpg(...args: string[]): Promise<string> {
  const fixed = ['--homedir', home, '--batch', '--no-autostart', '--status-fd', '1', '--with-colons']
  const late = ['--faked-system-time', String(Math.floor(MADE / 1000) + 10 * 86_400)]
  const run = promisify(execFile)('gpg', [...fixed, ...late, ...args], { env: { PATH: process.env.PATH } })
  return run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
}

async function verified(signature: string, body: Uint8Array): Promise<string> {
  await writeFile(join(home, 'probe.asc'), signature)
  await writeFile(join(home, 'probe'), body)
  return gpg('--verify', join(home, 'probe.asc'), join(home, 'probe'))
}

const signature = (body = PROBE, at = MADE + DAY) =>
  createSigner(
    async () => key.privateKey,
    () => at,
  ).sign(body, STATEMENT)

describe('a signed text', () => {
  const TEXT = 'Origin: a\n\n- not a list\nFrom here\nSHA256:\n a 1 b\n'
  const signed = () =>
    createSigner(
      async () => key.privateKey,
      () => MADE + DAY,
    ).signText(TEXT)
  const verify = async (text: string) => {
    await writeFile(join(home, 'InRelease'), text)
    return gpg('--output', '-', '--verify', join(home, 'InRelease'))
  }

  test('is good for gpg, which prints the same text', async () => {
    const said = await verify(await signed())
    expect(said).toMatch(/^\[GNUPG:\] GOODSIG /m)
    // RFC 9580: a hash of at least 256 bits; 10 is SHA-512.
    expect(said).toMatch(/^\[GNUPG:\] VALIDSIG \S+ \S+ \d+ 0 4 0 1 10 01 /m)
    expect(said).toContain(TEXT.trimEnd())
  })

  test('is bad after one changed letter', async () => {
    expect(await verify((await signed()).replace('Origin: a', 'Origin: b'))).toMatch(/^\[GNUPG:\] BADSIG /m)
  })
})

describe('a signature', () => {
  test('is good even if the clock was set back to before the creation of its key', async () => {
    const said = await verified(await signature(PROBE, MADE - DAY), PROBE)
    expect(said).toMatch(/^\[GNUPG:\] GOODSIG /m)
    expect(said).toMatch(new RegExp(`^\\[GNUPG:\\] VALIDSIG [0-9A-F]{40} \\S+ ${MADE / 1000} `, 'm'))
  })

  test('is good for gpg, by the key that was imported, with SHA-512 at the time of signing', async () => {
    const armored = await signature()
    expect(armored).toMatch(/^-----BEGIN PGP SIGNATURE-----\n/)
    const status = await verified(armored, PROBE)
    expect(status).toMatch(/^\[GNUPG:\] GOODSIG .* Probe registry <probes@example.org>$/m)
    const fingerprint = key.fingerprint.toUpperCase()
    const [, by, , seconds, , version, , algorithm, hash, kind] =
      /^\[GNUPG:\] VALIDSIG (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+)/m.exec(status)!
    expect({ by, seconds, version, algorithm, hash, kind }).toEqual({
      by: fingerprint,
      seconds: String((MADE + DAY) / 1000),
      version: '4',
      algorithm: '1',
      hash: '10',
      kind: '00',
    })
  })

  test('has its statement, part by part, which gpg shows', async () => {
    const status = await verified(await signature(), PROBE)
    // gpg prints lines of fifty characters.
    const parts = status.split(`[GNUPG:] NOTATION_NAME ${NOTATION}\n`).slice(1)
    const lines = parts.map((part) => /^(\[GNUPG:\] NOTATION_(DATA|FLAGS) .*\n)*/.exec(part)?.[0] ?? '')
    // gpg 2.2 shows the last one first.
    expect(
      lines.reverse().map((line) => line.replaceAll(/^\[GNUPG:\] NOTATION_(FLAGS.*|DATA )|\n/gm, '')),
    ).toEqual(STATEMENT)
  })

  test('is bad after one flipped bit of the probe', async () => {
    const tampered = Uint8Array.from(PROBE)
    tampered[400_000]! ^= 1
    const status = await verified(await signature(), tampered)
    expect(status).toMatch(/^\[GNUPG:\] BADSIG/m)
    expect(status).not.toMatch(/GOODSIG|VALIDSIG/)
  })

  test('of one probe is bad for another', async () => {
    expect(await verified(await signature(PROBE.subarray(1)), PROBE)).toMatch(/^\[GNUPG:\] BADSIG/m)
  })

  test('with a given time has that time, and is the same at each repetition', async () => {
    const signatures = [MADE + DAY, MADE + 2 * DAY].map((now) =>
      createSigner(
        async () => key.privateKey,
        () => now,
      ).sign(PROBE, STATEMENT, MADE + 5000),
    )
    const [one, other] = await Promise.all(signatures)
    expect(other).toBe(one)
    expect(await verified(one!, PROBE)).toMatch(` ${(MADE + 5000) / 1000} 0 4 0 1 10 00 `)
  })

  test('of an empty file is good for the empty file', async () => {
    expect(await verified(await signature(new Uint8Array()), new Uint8Array())).toMatch(/GOODSIG/)
  })

  test('is made with the current key: a replaced key signs nothing more', async () => {
    const other = await generateSigningKey({ name: 'Other', email: 'o@example.org' }, () => MADE)
    const keys = [key.privateKey, other.privateKey]
    const signer = createSigner(
      async () => keys.shift()!,
      () => MADE + DAY,
    )
    expect(await verified(await signer.sign(PROBE, STATEMENT), PROBE)).toMatch(/GOODSIG/)
    expect(await verified(await signer.sign(PROBE, STATEMENT), PROBE)).toMatch(/NO_PUBKEY/)
  })
})

describe('a key', () => {
  test('is RSA of 4096 bits that signs and certifies, without subkeys and without an expiry', async () => {
    const lines = (await gpg('--list-keys')).split('\n').map((line) => line.split(':'))
    const [pub] = lines.filter(([type]) => type === 'pub')
    expect({ bits: pub![2], algorithm: pub![3], created: pub![5], expires: pub![6], may: pub![11] }).toEqual({
      bits: '4096',
      algorithm: '1',
      created: String(MADE / 1000),
      expires: '',
      may: 'scSC',
    })
    expect(lines.filter(([type]) => type === 'sub')).toEqual([])
    expect(lines.find(([type]) => type === 'fpr')![9]).toBe(key.fingerprint.toUpperCase())
  })

  test('has its private half only in the private block', () => {
    expect(key.privateKey).toMatch(/^-----BEGIN PGP PRIVATE KEY BLOCK-----/)
    expect(key.publicKey).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/)
    expect(key.publicKey).not.toContain('PRIVATE')
  })
})

test('the error for a secret that is not a key does not contain the secret', async () => {
  const signer = createSigner(
    async () => 'hunter2',
    () => MADE,
  )
  await expect(signer.sign(PROBE, STATEMENT)).rejects.toThrow(/^(?!.*hunter2)/)
})
