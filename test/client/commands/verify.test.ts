// Tests `probe-registry verify`: it shows an operator who signed a file.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vectorPath } from '../../support/archives.ts'

const PROGRAM = join(import.meta.dirname, '../../../client/probe-registry.js')

function verify(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['verify', ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}
const key = (name: string): string[] => ['--key', vectorPath(`keys/${name}.asc`)]

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'verify-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const inDir = (name: string, body: Uint8Array | string): string => {
  writeFileSync(join(dir, name), body)
  return join(dir, name)
}

describe('an rpm', () => {
  const file = vectorPath('rpm/alma9-gpg-keys.rpm')

  test('is shown with its package, its payload and its signer', () => {
    const { status, stdout } = verify(file, ...key('alma-9'))
    expect(status).toBe(0)
    expect(stdout).toBe(
      [
        `good: ${file}`,
        '  package:      almalinux-gpg-keys 9.3-1.el9 x86_64',
        '  payload:      2520 bytes, those that were signed',
        '  signed by:    BF18AC2876178908D6E71267D36CB86CB86B3716 (AlmaLinux OS 9 <packager@almalinux.org>)',
        '  on:           2023-11-07T20:36:14.000Z, RSA with SHA256, version 4',
        '',
      ].join('\n'),
    )
  })

  test('with a changed payload is refused, and the key of the signature is named', () => {
    const bytes = readFileSync(file)
    bytes[bytes.length - 1]! ^= 1
    expect(verify(inDir('changed.rpm', bytes), ...key('alma-9'))).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^refused: .*changed\.rpm: these are not the bytes that the key BF18/),
    })
  })

  test('without a payload is checked by its header only, and the output reports this', () => {
    expect(verify(vectorPath('rpm/sle15-bash.rebuilt.rpm'), ...key('suse-sle-12-15')).stdout).toMatch(
      /payload: +not there: only the header was checked\n/,
    )
  })

  test('by a key that expired later is good, and the expiry date is shown', () => {
    expect(verify(vectorPath('rpm/centos6-release.hdr.rpm'), ...key('centos-6'))).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/key ended: +2021-06-30\n/),
    })
  })

  test('by an untrusted signer is refused, and the key is named', () => {
    expect(verify(file, ...key('rocky-9'), ...key('centos-7'))).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/it is by the key [0-9A-F]+, which is not a believed key\n$/),
    })
  })
})

describe('a detached signature', () => {
  test('may sign repomd.xml', () => {
    const xml = vectorPath('repomd/centos-kmods-sig/repomd.xml')
    expect(verify(xml, '--signature', `${xml}.asc`, ...key('centos-sig-kmods'))).toMatchObject({ status: 0 })
    expect(verify(xml, '--signature', `${xml}.asc`, ...key('alma-9'))).toMatchObject({ status: 1 })
  })

  test('may sign a pacman package, and be binary', () => {
    const file = vectorPath('pacman/msys2-pacman-mirrors-20240523-1-any.pkg.tar.zst')
    expect(verify(file, '--signature', `${file}.sig`, ...key('msys2'))).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/signed by: +5F944B027F7FE2091985AA2EFA11531AA0AA7F57/),
    })
  })

  test('may sign the decompressed archive, as on kernel.org', () => {
    const gpg = (...args: string[]) =>
      execFileSync('gpg', ['--homedir', dir, '--batch', '--quiet', ...args], { stdio: 'pipe' })
    gpg('--passphrase', '', '--quick-generate-key', 'Kernel <k@example.org>', 'rsa3072', 'sign', 'never')
    const tar = inDir('linux-6.1.tar', Buffer.alloc(3_000_000, 'tree'))
    gpg('--detach-sign', '--armor', '--output', `${tar}.sign`, tar)
    const own = inDir('own.asc', gpg('--export', '--armor'))
    execFileSync('xz', ['--keep', '-0', tar])
    expect(verify(`${tar}.xz`, '--signature', `${tar}.sign`, '--key', own)).toMatchObject({ status: 0 })
    writeFileSync(tar, 'another tree')
    execFileSync('xz', ['--keep', '--force', '-0', tar])
    expect(verify(`${tar}.xz`, '--signature', `${tar}.sign`, '--key', own)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/these are not the bytes/),
    })
  })
})

test('a cleartext signature is shown with the subkey that signed and the certificate of the subkey', () => {
  expect(
    verify(vectorPath('apt/debian-bookworm-security.InRelease'), ...key('debian-12-security')).stdout,
  ).toMatch(
    /signed by: +B0CAB9266E8C3929798B3EEEBDE6D2B9216EC7A8 .*\n +a subkey of: +05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0\n/,
  )
})

test('a file without a signature is refused with a hint at --signature', () => {
  expect(verify(vectorPath('repomd/centos-kmods-sig/repomd.xml'), ...key('alma-9'))).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(
      /neither an rpm nor a signed text: name its signature file with --signature\n$/,
    ),
  })
})

test.each([
  [['x.rpm'], /--key FILE/],
  [[...key('alma-9')], /name one FILE/],
  [['/nowhere/x.rpm', ...key('alma-9')], /no such file.*\/nowhere\/x\.rpm/],
  [['/nowhere/x', '--signature', '/nowhere/y', ...key('alma-9')], /no such file/],
  [['x.rpm', '--key', PROGRAM], /is not a key file/],
  [['x.rpm', '--keys'], /--keys/],
])('a wrong command line ends with 2 and a message: %j', (args, message) => {
  const { status, stdout, stderr } = verify(...args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/^ +at /m)
})

test('the output for a file contains no control characters', () => {
  const { stdout } = verify(inDir('a\x1b[2J.rpm', Buffer.alloc(200)), ...key('alma-9'))
  expect(stdout).toMatch(/^[\x20-\x7e\n]+$/)
})
