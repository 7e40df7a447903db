import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyRpm } from '../../../../lib/formats/rpm/verify.ts'
import { isProbeError } from '../../../../lib/model/errors.ts'
import { certificatesOf, keyFiles, vector, vectorPath, vectors } from '../../../support/archives.ts'

const NOW = Date.UTC(2026, 10, 26)
const RPMS = vectors('rpm/')
const nameOf = (file: string): string => file.replace(/^keys\/|\.asc$/g, '')
const KEYS = keyFiles().map(({ file }) => nameOf(file))
/** Keys by which a distribution signs. */
const REAL = KEYS.filter((name) => !/^(test-|private-|remi)/.test(name))

interface Judged {
  readonly good: boolean
  readonly why: string
  readonly by?: string
}

function judged(file: Uint8Array, keys: readonly string[]): Judged {
  try {
    const found = verifyRpm(file, { certificates: keys.flatMap(certificatesOf), now: NOW })
    return found.tag === 'signed'
      ? { good: true, why: '', by: found.by.signer.fingerprint }
      : { good: false, why: `${found.reason}: ${found.why}` }
  } catch (error) {
    if (isProbeError(error, 'signature-invalid')) return { good: false, why: error.message }
    throw error
  }
}

const signedOnes = RPMS.flatMap(({ file, by }) => (by === undefined ? [] : [{ file, ...by }]))
const others = RPMS.filter(({ by }) => by === undefined)

test('the fixtures have packages of many distributions, and many packages that must be refused', () => {
  expect(signedOnes.length).toBeGreaterThan(40)
  expect(others.length).toBeGreaterThan(15)
})

test.each(signedOnes)(
  '$file is signed by the key that independent tools found',
  ({ file, keys, fingerprint }) => {
    expect(judged(vector(file), [keys])).toMatchObject({ good: true, by: fingerprint })
  },
)

test.each(signedOnes)('$file is refused if its own key is not trusted', ({ file, keys }) => {
  expect(
    judged(
      vector(file),
      KEYS.filter((name) => name !== keys),
    ),
  ).toMatchObject({ good: false })
})

test.each(others)('$file is refused whatever key is trusted', ({ file }) => {
  expect(judged(vector(file), KEYS)).toMatchObject({ good: false, why: expect.stringMatching(/.{20}/) })
})

test.each(RPMS.filter(({ file }) => file.includes('/neg-')))(
  '$file is refused with the keys of all distributions',
  ({ file }) => {
    expect(judged(vector(file), REAL)).toMatchObject({ good: false })
  },
)

test('the identity of a package is read from its signed header', () => {
  const found = verifyRpm(vector('rpm/centos-kmods-wireguard.hdr.rpm'), {
    certificates: certificatesOf('centos-sig-kmods'),
    now: NOW,
  })
  expect(found).toMatchObject({
    tag: 'signed',
    identity: {
      name: 'kmod-wireguard',
      epoch: 1,
      version: '4.18.0~425.3.1',
      release: '1.0.20220627~1.el8',
      arch: 'aarch64',
      isSource: false,
    },
    payload: { length: 0 },
  })
})

test('a source package by an unknown key is refused', () => {
  const found = verifyRpm(vector('rpm/obs-apples.src.hdr.rpm'), { certificates: [], now: NOW })
  expect(found).toMatchObject({ tag: 'refused', reason: 'unknown-key' })
})

/** With payload: covered by a digest in the signed header, by a signature over both, and by the digest alone. */
const WHOLE = [
  { file: 'rpm/alma9-gpg-keys.rpm', keys: 'alma-9' },
  { file: 'rpm/epel7-release.rpm', keys: 'epel-7' },
  { file: 'rpm/remi8-release.rpm', keys: 'remi-2018' },
]
/** number of changed positions */
const PLACES = 250

describe.each(WHOLE)('$file, tampered with', ({ file, keys }) => {
  const real = vector(file)
  let folder: string
  let verdicts: ReadonlyMap<string, boolean>
  const files = new Map<string, Uint8Array>()

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rpm-'))
    for (let i = 0; i < PLACES; i += 1) {
      const bytes = Buffer.from(real)
      // Closer together in the headers.
      const at = Math.floor((i / PLACES) ** 2 * real.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (i % 8))
      files.set(`${at}.rpm`, bytes)
    }
    files.set('cut.rpm', real.subarray(0, real.length - 1))
    files.set('longer.rpm', Buffer.concat([real, Buffer.of(0)]))
    files.set('real.rpm', real)
    for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
    verdicts = asRpmSays(folder, keys, [...files.keys()])
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is refused wherever rpm refuses it', () => {
    expect(verdicts.get('real.rpm')).toBe(true)
    expect([...verdicts.values()].filter((good) => !good).length).toBeGreaterThan(PLACES / 2)
    const taken = [...files].filter(([name, bytes]) => !verdicts.get(name) && judged(bytes, [keys]).good)
    expect(taken.map(([name]) => name)).toEqual([])
  })

  test('is accepted wherever rpm accepts it', () => {
    const refused = [...files].filter(([name, bytes]) => verdicts.get(name) && !judged(bytes, [keys]).good)
    expect(refused.map(([name, bytes]) => `${name}: ${judged(bytes, [keys]).why}`)).toEqual([])
  })
})

/** Names each file, with true if rpm finds it complete and signed by that key. */
function asRpmSays(folder: string, keys: string, names: readonly string[]): Map<string, boolean> {
  const rpmkeys = (...args: string[]) =>
    spawnSync('rpmkeys', ['--dbpath', join(folder, 'db'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: { PATH: process.env.PATH, HOME: folder, LC_ALL: 'C' },
    })
  const { status, stderr } = rpmkeys('--import', vectorPath(`keys/${keys}.asc`))
  if (status !== 0) throw new Error(`rpmkeys --import: ${stderr}`)
  const said = rpmkeys('--checksig', '-v', ...names).stdout
  const blocks = new Map(
    said.split(/^(?=\S.*\.rpm:$)/m).map((block) => [block.slice(0, block.indexOf(':')), block]),
  )
  return new Map(
    names.map((name) => {
      const block = blocks.get(name) ?? ''
      return [name, /Signature, key ID \w+: OK/.test(block) && !/BAD|NOKEY|NOTFOUND|error/i.test(block)]
    }),
  )
}

test('random bytes are an rpm or are refused with signature-invalid', () => {
  const real = vector('rpm/remi8-release.rpm')
  const changed = fc
    .array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(real)
      for (const [at, byte] of changes) bytes[at] = byte
      return bytes
    })
  const cut = fc.nat(real.length - 1).map((length) => real.subarray(0, length))
  fc.assert(
    fc.property(fc.oneof(changed, cut, fc.uint8Array({ maxLength: 400 })), (bytes) => {
      judged(bytes, ['remi-2018'])
    }),
    { numRuns: 300 },
  )
})
