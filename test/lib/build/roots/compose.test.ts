import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { diskFolder } from '../../../../lib/aws/folder.ts'
import { composeRoot } from '../../../../lib/build/roots/compose.ts'
import { digestOf } from '../../../../lib/build/roots/keep.ts'
import type { Package } from '../../../../lib/model/probe.ts'

const dir = mkdtempSync(join(tmpdir(), 'compose-'))
afterAll(() => rmSync(dir, { recursive: true }))

interface Made extends Package {
  readonly body: Buffer
}

/** A package that dpkg-deb makes; a value is the text of a file, or `-> x` for a link. */
function deb(name: string, files: Readonly<Record<string, string>>, compression = 'xz'): Made {
  const root = mkdtempSync(join(dir, 'deb-'))
  mkdirSync(join(root, 'DEBIAN'))
  writeFileSync(
    join(root, 'DEBIAN/control'),
    `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: a\n`,
  )
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), join(root, path))
    else writeFileSync(join(root, path), text)
    if (path.includes('bin/') && !text.startsWith('-> ')) chmodSync(join(root, path), 0o755)
  }
  const file = `${root}.deb`
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '-b', root, file])
  const body = readFileSync(file)
  const sha256 = createHash('sha256').update(body).digest('hex')
  return { name, version: '1', url: `http://mirror/${name}`, sha256, bytes: body.length, format: 'deb', body }
}

async function composed(...packages: Made[]): Promise<string> {
  const folder = mkdtempSync(join(dir, 'root-'))
  await composeRoot({ read: async (pkg) => (pkg as Made).body }, packages, diskFolder(folder))
  return folder
}
const digest = (folder: string): string => digestOf(diskFolder(folder))

const SHELL = deb('dash', { 'bin/dash': 'shell', 'usr/share/doc/dash/copyright': 'terms' })
const AWK = deb('mawk', { 'usr/bin/mawk': 'awk', 'usr/share/man/man1/mawk.1': 'manual' }, 'gzip')
const LIBC = deb('libc6', { 'lib/x86_64-linux-gnu/libc.so.6': 'libc', 'usr/lib/libc.a': 'static' }, 'none')

test('files in /bin or /lib of a package move below /usr, and both paths find them', async () => {
  const root = await composed(SHELL, LIBC)
  expect(readlinkSync(join(root, 'lib'))).toBe('usr/lib')
  expect(readFileSync(join(root, 'lib/x86_64-linux-gnu/libc.so.6'), 'utf8')).toBe('libc')
  expect(statSync(join(root, 'bin/dash')).mode & 0o777).toBe(0o755)
})

test('a root has the links that maintainer scripts would make', async () => {
  const root = await composed(SHELL, AWK, deb('gcc-12', { 'usr/bin/gcc-12': 'gcc' }))
  const links = ['sh', 'awk', 'gcc', 'cc'].map((name) => readlinkSync(join(root, 'usr/bin', name)))
  expect(links).toEqual(['dash', 'mawk', 'gcc-12', 'gcc-12'])
})

test('certificates become the bundle that curl looks for', async () => {
  const certificates = { 'b.crt': 'second\n', 'a.crt': 'first\n' }
  const files = Object.entries(certificates).map(([name, text]) => [
    `usr/share/ca-certificates/mozilla/${name}`,
    text,
  ])
  const root = await composed(deb('ca-certificates', Object.fromEntries(files)))
  expect(readFileSync(join(root, 'etc/ssl/certs/ca-certificates.crt'), 'utf8')).toBe('first\nsecond\n')
})

test('manuals are left out, and the copyright file of a package stays', async () => {
  const root = await composed(SHELL, AWK)
  expect(existsSync(join(root, 'usr/share/man/man1'))).toBe(false)
  expect(readFileSync(join(root, 'usr/share/doc/dash/copyright'), 'utf8')).toBe('terms')
})

test('two compositions give the same bytes and modes, also with another umask', async () => {
  const first = digest(await composed(AWK, LIBC, SHELL))
  const mask = process.umask(0o077)
  try {
    const root = await composed(AWK, LIBC, SHELL)
    expect(digest(root)).toBe(first)
    // Builds run as another user.
    const modes = ['usr', 'usr/bin/dash', 'usr/lib/libc.a'].map(
      (path) => statSync(join(root, path)).mode & 0o777,
    )
    expect(modes).toEqual([0o755, 0o755, 0o644])
  } finally {
    process.umask(mask)
  }
  expect(digest(await composed(AWK, LIBC))).not.toBe(first)
})

test('a package with another digest than the list has is refused, and the error names it', async () => {
  const other = { ...SHELL, body: AWK.body }
  await expect(composed(other)).rejects.toMatchObject({
    code: 'digest-mismatch',
    message: 'dash 1 does not have the sha256 of the signed list',
  })
})

test('a file that is not a package, or is cut off, is refused', async () => {
  const bad = (body: Buffer): Made => ({
    ...SHELL,
    body,
    sha256: createHash('sha256').update(body).digest('hex'),
  })
  await expect(composed(bad(Buffer.from('no package')))).rejects.toThrow('this is not a .deb')
  await expect(composed(bad(SHELL.body.subarray(0, SHELL.body.length - 40)))).rejects.toThrow()
})

test('a package that writes through a link of another package is refused', async () => {
  const link = deb('a-link', { 'usr/share/place': '-> /tmp' })
  const through = deb('b-through', { 'usr/share/place/file': 'x' })
  await expect(composed(link, through)).rejects.toThrow('usr/share/place')
})

test('two packages that contain the same file are refused', async () => {
  await expect(composed(SHELL, deb('other', { 'usr/bin/dash': 'x' }))).rejects.toThrow(
    'two packages contain usr/bin/dash',
  )
})
