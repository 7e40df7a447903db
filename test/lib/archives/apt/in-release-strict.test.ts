// Tests which keys and signatures of an archive are trusted today. gpg makes each case. openpgp.js, which is independent of
// our own verifier, must give the same result.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCleartextMessage, readKeys, verify } from 'openpgp'
import { expect, test } from 'vitest'
import { fetchRelease } from '../../../../lib/archives/apt/in-release.ts'
import { type Gpg, startGpg } from '../../../support/gpg.ts'
import { memoryListDates, memoryStore } from '../../../support/memory.ts'

const SUITE = { mirror: 'http://mirror.invalid/debian', suite: 'bookworm' }
const NOW = Date.UTC(2026, 10, 22, 22)
const TEXT = 'Origin: Debian\nCodename: bookworm\nDate: Sun, 22 Nov 2026 20:51:12 UTC\n'

/** A time in the format of gpg: `20261122T205112`. */
const at = (time: string): string[] => ['--faked-system-time', time]
const MADE = at('20200101T000000')
const SIGNED = at('20261122T205112')

interface Case {
  /** gpg's name for the type of the key; default: ed25519 */
  readonly kind?: string
  /** lifetime of the key; default: unlimited */
  readonly lasts?: string
  /** options for making the key */
  readonly made?: readonly string[]
  /** options for the signature */
  readonly signed?: readonly string[]
  /** a change to the key after it has signed */
  readonly after?: (gpg: Gpg) => void
  readonly exported?: readonly string[]
}

interface Archive {
  /** armored */
  readonly keyring: string
  readonly list: string
}

function archive({
  kind = 'ed25519',
  lasts = 'never',
  made = [],
  signed = [],
  after,
  exported = [],
}: Case): Archive {
  const gpg = startGpg()
  try {
    gpg.run([...MADE, ...made, '--quick-gen-key', 'Archive', kind, 'sign', lasts])
    const list = gpg.run([...SIGNED, ...signed, '--clearsign'], TEXT)
    after?.(gpg)
    return { list, keyring: gpg.run([...exported, '--armor', '--export']) }
  } finally {
    gpg.remove()
  }
}

const fingerprintIn = (gpg: Gpg): string =>
  /^fpr:+([0-9A-F]{40}):/m.exec(gpg.run(['--with-colons', '--list-keys']))?.[1] ?? ''

/** Uses the certificate that gpg made with the key: it gives no reason. */
function revoke(gpg: Gpg): void {
  const file = join(gpg.home, 'openpgp-revocs.d', `${fingerprintIn(gpg)}.rev`)
  writeFileSync(file, readFileSync(file, 'utf8').replace(':-----BEGIN', '-----BEGIN'))
  gpg.run(['--import', file])
}

/** Reason 3: retired. */
const retire = (time: string) => (gpg: Gpg) => {
  const answers = ['y', '3', '', 'y'].map((line) => `${line}\n`).join('')
  const asked = ['--no-batch', '--command-fd', '0', '--armor', '--gen-revoke', fingerprintIn(gpg)]
  gpg.run(['--import'], gpg.run([...at(time), ...asked], answers))
}

const WEAK = ['--allow-weak-digest-algos']

/** A later self-signature moves the expiry before the signature of the list. */
const shorten = (gpg: Gpg) =>
  gpg.run([...at('20200102T000000'), '--quick-set-expire', fingerprintIn(gpg), '1y'])

/** gpg refuses to revoke the last name, so the key has another one until it is exported. */
const revokeName = (gpg: Gpg) => {
  const [key, when] = [fingerprintIn(gpg), at('20261101T000000')]
  gpg.run([...when, '--quick-add-uid', key, 'Another'])
  gpg.run([...when, '--quick-revoke-uid', key, 'Archive'])
}

const CASES: readonly [what: string, believed: boolean, of: Case][] = [
  ['by Ed25519', true, {}],
  ['by RSA of 2048 bits', true, { kind: 'rsa2048' }],
  ['by RSA of 1024 bits', false, { kind: 'rsa1024' }],
  ['by DSA', false, { kind: 'dsa2048' }],
  ['over its SHA-1', false, { kind: 'rsa2048', signed: ['--digest-algo', 'SHA1'] }],
  ['over its RIPEMD-160', false, { kind: 'rsa2048', signed: ['--digest-algo', 'RIPEMD160'] }],
  ['over its MD5', false, { kind: 'rsa2048', signed: [...WEAK, '--digest-algo', 'MD5'] }],
  [
    'by a key that vouches for itself over SHA-1, as older ones do',
    true,
    { kind: 'rsa2048', made: ['--cert-digest-algo', 'SHA1'] },
  ],
  [
    'by a key that vouches for itself over MD5',
    false,
    { kind: 'rsa2048', made: [...WEAK, '--cert-digest-algo', 'MD5'], signed: WEAK },
  ],
  ['in the future', false, { signed: at('20261122T220010') }],
  ['before its key was made', false, { signed: [...at('20191231T000000'), '--ignore-time-conflict'] }],
  ['for a day that is over', false, { signed: [...at('20261120T000000'), '--default-sig-expire', '1d'] }],
  ['by a key that has not expired yet', true, { lasts: '20y' }],
  ['by a key that has expired since', true, { lasts: '20261122T210000' }],
  ['by a key that had expired', false, { after: shorten }],
  ['by a key that was revoked later', false, { after: revoke }],
  ['by a key that was retired before', false, { after: retire('20261101T000000') }],
  ['by a key that was retired later', true, { after: retire('20261122T210000') }],
  [
    'by a key whose only name was revoked',
    false,
    { after: revokeName, exported: ['--export-filter', 'keep-uid=uid = Archive'] },
  ],
  ['with a note that must be understood', false, { signed: ['--sig-notation', '!more@example.org=1'] }],
]

const ours = ({ keyring, list }: Archive): Promise<boolean> =>
  fetchRelease(
    {
      ...{ fetch: async () => new TextEncoder().encode(list), now: () => NOW, keyring, log: () => {} },
      ...{ lists: memoryListDates(), inputs: memoryStore().store },
    },
    SUITE,
  ).then(
    () => true,
    (error: { readonly code?: string; readonly message: string }) => {
      expect(error).toMatchObject({
        code: 'signature-invalid',
        message: expect.stringMatching(/no key of the keyring/),
      })
      return false
    },
  )

async function oracle({ keyring, list }: Archive): Promise<boolean> {
  try {
    const verificationKeys = await readKeys({ armoredKeys: keyring })
    const message = await readCleartextMessage({ cleartextMessage: list })
    const { signatures } = await verify({ message, verificationKeys, date: new Date(NOW) })
    return await Promise.any(signatures.map(({ verified }) => verified))
  } catch {
    return false
  }
}

test.each(CASES)('a list signed %s: trusted %s', async (_, believed, of) => {
  const made = archive(of)
  expect({ ours: await ours(made), oracle: await oracle(made) }).toEqual({ ours: believed, oracle: believed })
})
