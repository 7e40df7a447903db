// Tests databases of pacman repositories: real ones, all compressions, and files that are not databases.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPacman } from '../../../../lib/archives/pacman/database.ts'
import { isProbeError } from '../../../../lib/model/errors.ts'
import { vector } from '../../../support/archives.ts'

const BASE = 'https://mirror.invalid/core/os/x86_64'
const isLinux = (name: string): boolean => /^linux(?:-|$)/.test(name)
const all = () => true

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pacman-database-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const DESC: Readonly<Record<string, string>> = {
  FILENAME: 'linux-headers-6.6.1.arch1-1-x86_64.pkg.tar.zst',
  NAME: 'linux-headers',
  VERSION: '6.6.1.arch1-1',
  CSIZE: '1234',
  SHA256SUM: 'a'.repeat(64),
  ARCH: 'x86_64',
}
const textOf = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([field, value]) => `%${field}%\n${value}\n\n`)
    .join('')

/** A database that tar packs. */
function database(entries: Readonly<Record<string, string>>, compress = 'gzip'): Buffer {
  const folder = mkdtempSync(join(dir, 'entries-'))
  for (const [path, text] of Object.entries(entries)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return execFileSync('sh', ['-euc', `tar -cf - * | ${compress} -c`], { cwd: folder })
}
const one = (more: Readonly<Record<string, string>> = {}, compress = 'gzip') =>
  database({ 'linux-headers-6.6.1.arch1-1/desc': textOf({ ...DESC, ...more }) }, compress)

describe('the database of a repository', () => {
  test('of Arch in 2022 lists its kernels with URL, digest and signature', async () => {
    const found = await readPacman(vector('pacman/arch-core-2022.db.tar.gz'), BASE, isLinux)
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['linux', 'linux-headers', 'linux-lts', 'linux-lts-headers']),
    )
    expect(found.find(({ name }) => name === 'linux-headers')).toEqual({
      ...{ name: 'linux-headers', version: '5.19.7.arch1-1', arch: 'x86_64', bytes: 28190292 },
      url: `${BASE}/linux-headers-5.19.7.arch1-1-x86_64.pkg.tar.zst`,
      sha256: '7cdd5c5210e1c2e38e6617e5b5894adfc42e3b386cca7dc91d8817f242a8998c',
      signature: expect.stringMatching(/^iIsEABYIADMWIQ.*KRHxwU|^iIsEABYIADMW/),
    })
    expect(found.some(({ name }) => !isLinux(name))).toBe(false)
  })

  test('of Arch in 2017, or of MSYS2, is read completely', async () => {
    expect(await readPacman(vector('pacman/arch-core-2017.db'), BASE, all)).toHaveLength(226)
    expect(await readPacman(vector('pacman/msys2-msys-2024.db'), BASE, all)).toHaveLength(684)
  })

  test.each(['gzip', 'xz', 'zstd', 'cat'])('is read if %s packed it', async (compress) => {
    const packed = compress === 'cat' ? one({}, 'cat >&1; :') : one({}, compress)
    expect(await readPacman(packed, BASE, isLinux)).toMatchObject([{ name: 'linux-headers', bytes: 1234 }])
  })

  test('can be read after a broken one', async () => {
    const xz = one({}, 'xz')
    const broken = Buffer.concat([xz.subarray(0, 90), Buffer.alloc(60, 7)])
    await expect(readPacman(broken, BASE, isLinux)).rejects.toMatchObject({ code: 'mirror-unreachable' })
    expect(await readPacman(xz, BASE, isLinux)).toHaveLength(1)
  })
})

describe('a package is skipped if its description', () => {
  test.each([
    ['names a file elsewhere', { FILENAME: '../../etc/passwd' }],
    ['names another host', { FILENAME: 'https://evil.invalid/x.pkg.tar.zst' }],
    ['names a command', { FILENAME: '$(id).pkg.tar.zst' }],
    ['has no size', { CSIZE: 'many' }],
    ['has a size below zero', { CSIZE: '-1' }],
    ['has no digest', { SHA256SUM: 'a'.repeat(63) }],
  ])('%s', async (_, fields) => {
    expect(await readPacman(one(fields), BASE, isLinux)).toEqual([])
  })
})

describe('a file that is not a database is refused', () => {
  const text = (words: string) => new TextEncoder().encode(words)
  test.each([
    ['an error page', () => text('<html><body>busy</body></html>'.repeat(40))],
    ['half of one', () => vector('pacman/arch-core-2022.db.tar.gz').subarray(0, 80_000)],
    ['nothing', () => text('')],
    ['one by bzip2', () => Buffer.from('425a6839314159', 'hex')],
  ])('%s', async (_, bytes) => {
    await expect(readPacman(bytes(), BASE, isLinux)).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(/^what https:\/\/mirror\.invalid\/.* answers is not a database/),
    })
  })

  test('a small file that unpacks to 700 megabytes', async () => {
    const bomb = join(dir, 'bomb')
    execFileSync('sh', ['-euc', 'head -c 700M /dev/zero | tr "\\0" a | zstd -q -1 -c >"$0"', bomb])
    await expect(readPacman(readFileSync(bomb), BASE, isLinux)).rejects.toMatchObject({
      code: expect.stringMatching(/mirror-unreachable|too-large/),
    })
  })

  test('and a changed database causes no error but a ProbeError', async () => {
    const real = one({}, 'cat >&1; :')
    await fc.assert(
      fc.asyncProperty(
        fc.nat(real.length - 9),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        async (at, bytes) => {
          const changed = Buffer.from(real)
          changed.set(bytes, at)
          try {
            await readPacman(changed, BASE, isLinux)
          } catch (error) {
            if (!isProbeError(error)) throw error
          }
        },
      ),
    )
  })
})
