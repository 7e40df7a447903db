import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCpio } from '../../../../lib/formats/cpio.ts'
import { packCpio } from '../../../../lib/formats/cpio-pack.ts'
import { decompressed } from '../../../../lib/formats/decompress.ts'
import { unarmor } from '../../../../lib/formats/openpgp/armor.ts'
import { readCertificates } from '../../../../lib/formats/openpgp/certificates.ts'
import { readRpm } from '../../../../lib/formats/rpm/header.ts'
import { packRpm, type RpmSpec } from '../../../../lib/formats/rpm/pack.ts'
import { verifyRpm } from '../../../../lib/formats/rpm/verify.ts'
import { int16s, int32s, text, texts, writeHeader } from '../../../../lib/formats/rpm/write-header.ts'
import { createSigner } from '../../../../lib/signing/signer.ts'
import { registryKey } from '../../../support/rpm/registry.ts'

const AT = Date.UTC(2026, 10, 28)
const KERNEL = '5.14.0-427.el9.x86_64'

async function sign(header: Uint8Array): Promise<Uint8Array> {
  const { privateKey } = await registryKey()
  const armored = await createSigner(
    async () => privateKey,
    () => AT,
  ).sign(header, [], AT)
  return unarmor(Buffer.from(armored), 'signature')[0]!
}

const SPEC: RpmSpec = {
  ...{ name: `falco-probe-1.0+driver-${KERNEL}`, version: '5.14.0', release: '427.el9', arch: 'x86_64' },
  ...{ summary: 'A module', description: 'Of one kernel.', license: 'GPL-2.0-only', at: AT },
  provides: [{ name: 'falco-probe', version: { is: '=', of: '1.0+driver' } }],
  requires: [
    { name: 'kmod', before: ['posttrans', 'postun'] },
    { name: '(b if c = 1-2)' },
    { name: 'd', version: { is: '>=', of: '3' } },
  ],
  conflicts: [{ name: 'e' }],
  scripts: { posttrans: 'echo in\n', postun: 'echo out\n' },
  files: [
    { tag: 'file', path: `/lib/modules/${KERNEL}/extra/falco.ko`, body: Buffer.alloc(100_001, 'ko') },
    { tag: 'folder', path: `/lib/modules/${KERNEL}/extra` },
    { tag: 'file', path: '/usr/share/doc/falco/LICENSE', body: Buffer.from('GPL\n'), kind: 'license' },
  ],
}

describe('the program rpm, given a package that the registry made,', () => {
  let work: string
  const rpm = (...args: string[]) =>
    execFileSync('rpm', ['--dbpath', join(work, 'db'), ...args], { encoding: 'utf8', stdio: 'pipe' })
  const file = (name: string) => join(work, name)

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'rpm-pack-'))
    mkdirSync(file('db'))
    writeFileSync(file('key.asc'), (await registryKey()).publicKey)
    rpm('--import', file('key.asc'))
    writeFileSync(file('a.rpm'), (await packRpm(SPEC, sign)).body)
  })
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  test('finds its signature and every digest good', () => {
    const lines = rpm('-Kv', file('a.rpm')).split('\n').slice(1, -1)
    expect(lines).toHaveLength(5)
    for (const line of lines) expect(line).toMatch(/: OK$/)
    expect(lines[0]).toMatch(/Header V4 RSA\/SHA512 Signature/)
  })

  test('reads its provides, requires, conflicts, scripts and files', () => {
    const query = (option: string) => rpm('-qp', option, file('a.rpm')).trim().split('\n')
    expect(query('--provides')).toEqual([`${SPEC.name} = 5.14.0-427.el9`, 'falco-probe = 1.0+driver'])
    expect(query('--requires').filter((line) => !line.startsWith('rpmlib('))).toEqual([
      '/bin/sh',
      'kmod',
      '(b if c = 1-2)',
      'd >= 3',
    ])
    expect(query('--conflicts')).toEqual(['e'])
    expect(query('--scripts').filter((line) => line !== '')).toEqual([
      'postuninstall scriptlet (using /bin/sh):',
      'echo out',
      'posttrans scriptlet (using /bin/sh):',
      'echo in',
    ])
    expect(query('-l')).toEqual(SPEC.files.map(({ path }) => path).sort())
    expect(query('--licensefiles')).toEqual(['/usr/share/doc/falco/LICENSE'])
    const format = '--qf=%{BUILDTIME} %{BUILDHOST} %{SIZE} %{ARCH} %{PAYLOADCOMPRESSOR} %{SOURCEPACKAGE}'
    expect(query(format)).toEqual([`${AT / 1000} (none) 100005 x86_64 gzip (none)`])
  })

  test('unpacks its files unchanged, and verifies the installed files', () => {
    const root = file('root')
    mkdirSync(root)
    const options = ['--root', root, '--dbpath', '/db', '--nodeps', '--noscripts', '--nosignature']
    execFileSync('rpm', ['-i', ...options, file('a.rpm')], { stdio: 'pipe' })
    const module = join(root, `lib/modules/${KERNEL}/extra/falco.ko`)
    expect(readFileSync(module)).toEqual(Buffer.alloc(100_001, 'ko'))
    expect(statSync(module)).toMatchObject({ mode: 0o100644, mtimeMs: AT, uid: 0 })
    expect(execFileSync('rpm', ['-Va', ...options.slice(0, 5)], { stdio: 'pipe' }).toString()).toBe('')
  })

  test('refuses it after one bit changed in a header or in the payload', async () => {
    const { body, header } = await packRpm(SPEC, sign)
    for (const at of [header.start + 40, header.end - 30, header.end + 40, body.length - 1]) {
      const changed = Buffer.from(body)
      changed[at]! ^= 1
      writeFileSync(file('b.rpm'), changed)
      expect(() => rpm('-K', file('b.rpm')), String(at)).toThrow()
    }
  })
})

test('the registry reads and trusts its own package as it does a package of a distribution', async () => {
  const { body, header, archiveBytes, installedBytes } = await packRpm(SPEC, sign)
  const certificates = readCertificates(Buffer.from((await registryKey()).publicKey))
  const found = verifyRpm(body, { certificates, now: AT })
  const { name, version, release, arch } = SPEC
  expect(found).toMatchObject({
    tag: 'signed',
    identity: { name, version, release, arch, epoch: 0, isSource: false },
  })
  const read = readRpm(body)
  expect(Buffer.from(read.header.blob)).toEqual(Buffer.from(body.subarray(header.start, header.end)))
  const archive = await collect(read.payload)
  expect(archive.length).toBe(archiveBytes)
  expect(installedBytes).toBe(100_005)
})

async function collect(payload: Uint8Array): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of decompressed(payload, 'gzip', 1 << 26)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

test('the order of the files does not change the bytes of a package', async () => {
  const [one, other] = [
    await packRpm(SPEC, sign),
    await packRpm({ ...SPEC, files: SPEC.files.toReversed() }, sign),
  ]
  expect(Buffer.compare(one.body, other.body)).toBe(0)
})

test('a package may have no files', async () => {
  const { scripts: _, ...spec } = SPEC
  const { body } = await packRpm({ ...spec, files: [], conflicts: [] }, sign)
  expect(readRpm(body).header.string(1000)).toBe(SPEC.name)
})

const word = fc.stringMatching(/^[ -~]{0,20}$/)
const values = fc.oneof(
  word.map((value) => ({ value: text(value), read: [value] })),
  fc.array(word, { minLength: 1, maxLength: 4 }).map((all) => ({ value: texts(...all), read: all })),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((one) => ({ value: int32s(one), read: one })),
  fc
    .array(fc.nat(65_535), { minLength: 1, maxLength: 3 })
    .map((all) => ({ value: int16s(...all), read: undefined })),
)

test('a header is read back as it was written', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 1000, max: 6000 }), values), {
        selector: ([tag]) => tag,
        minLength: 1,
        maxLength: 12,
      }),
      (entries) => {
        const header = writeHeader(
          63,
          entries.map(([tag, { value }]) => [tag, value]),
        )
        const signature = writeHeader(62, [[273, text('0')]])
        const lead = Buffer.alloc(96)
        lead.set([0xed, 0xab, 0xee, 0xdb, 3])
        lead.writeUInt16BE(5, 78)
        const before = Buffer.concat([lead, signature])
        const read = readRpm(
          Buffer.concat([before, Buffer.alloc((8 - (before.length % 8)) % 8), header]),
        ).header
        for (const [tag, one] of entries)
          if (typeof one.read === 'number') expect(read.number(tag)).toBe(one.read)
          else if (one.read !== undefined) expect(read.strings(tag)).toEqual(one.read)
          else expect(read.has(tag)).toBe(true)
      },
    ),
  )
})

test('an archive is read back as it was packed', async () => {
  const files = fc.uniqueArray(
    fc.record({ path: fc.stringMatching(/^\.\/[a-z]{1,9}$/), body: fc.uint8Array({ maxLength: 50 }) }),
    { selector: ({ path }) => path, maxLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(files, async (entries) => {
      const archive = packCpio(
        entries.map((entry) => ({ ...entry, mode: 0o100644 })),
        1,
      )
      const found: { path: string; body: Uint8Array }[] = []
      await readCpio(
        (async function* () {
          yield archive
        })(),
        () => true,
        ({ path }, body) => {
          found.push({ path: `./${path}`, body: new Uint8Array(body) })
          return 'go-on'
        },
      )
      expect(found).toEqual(entries.map(({ path, body }) => ({ path, body: new Uint8Array(body) })))
    }),
  )
})
