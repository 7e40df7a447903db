import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { diskFolder } from '../../../lib/aws/folder.ts'
import { packEntries } from '../../../lib/formats/tar-pack.ts'
import { treeEntries } from '../../../lib/formats/tar-tree.ts'

const dir = mkdtempSync(join(tmpdir(), 'tar-pack-'))
afterAll(() => rmSync(dir, { recursive: true }))

const LONG = `${'long-name-of-a-folder/'.repeat(9)}file-of-a-package-whose-name-is-longer-than-any-field-of-ustar`
const NOT_ASCII = `usr/share/${'é'.repeat(60)}`
const FILES: Readonly<Record<string, string>> = {
  'usr/bin/tool': '#!/bin/sh\n',
  'usr/share/data': 'x'.repeat(1500),
  [LONG]: 'long',
  'usr/share/ä-and-z': 'not ASCII',
  [NOT_ASCII]: 'not ASCII, and long',
  empty: '',
}

function folder(name: string): string {
  const root = join(dir, name)
  for (const [path, body] of Object.entries(FILES)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), body)
  }
  chmodSync(join(root, 'usr/bin/tool'), 0o755)
  symlinkSync('tool', join(root, 'usr/bin/link'))
  symlinkSync(`/${LONG}`, join(root, 'far'))
  symlinkSync('ä-and-z', join(root, 'usr/share/é-link'))
  return root
}
const packed = (root: string): Buffer =>
  Buffer.concat([...packEntries(diskFolder(root).entries())].map((chunk) => Buffer.from(chunk)))

test('GNU tar unpacks an archive to the same folder that it was made from', () => {
  const root = folder('original')
  const copy = join(dir, 'copy')
  mkdirSync(copy)
  execFileSync('tar', ['-x', '-C', copy], { input: packed(root) })
  execFileSync('diff', ['-r', '--no-dereference', root, copy])
  expect(packed(copy).equals(packed(root))).toBe(true)
})

test('an archive does not contain times, owners, or modes other than the executable bit', () => {
  const root = folder('one')
  const other = folder('other')
  utimesSync(join(other, 'empty'), 1, 1)
  chmodSync(join(other, 'usr/share/data'), 0o600)
  expect(packed(other).equals(packed(root))).toBe(true)
  chmodSync(join(other, 'usr/share/data'), 0o700)
  expect(packed(other).equals(packed(root))).toBe(false)
})

test('an archive by GNU tar is read entry by entry, with long names and links', () => {
  const root = folder('read')
  const tar = execFileSync('tar', ['-c', '--format=gnu', '--sort=name', '-C', root, '.'], {
    maxBuffer: 1 << 24,
  })
  const found = [...treeEntries(tar)]
  const file = (path: string) => found.find((entry) => entry.path === path)
  expect(file(LONG)).toMatchObject({ tag: 'file', executable: false })
  expect(file('far')).toEqual({ tag: 'symlink', path: 'far', target: `/${LONG}` })
  expect(file('usr/bin/tool')).toMatchObject({ tag: 'file', executable: true })
  expect(file('usr')).toEqual({ tag: 'folder', path: 'usr' })
  expect(file('usr/share/ä-and-z')).toMatchObject({ tag: 'file' })
  expect(file('usr/share/é-link')).toEqual({ tag: 'symlink', path: 'usr/share/é-link', target: 'ä-and-z' })
  expect(file(NOT_ASCII)).toMatchObject({ tag: 'file' })
  expect([...treeEntries(packed(root))].map(({ path }) => path).sort()).toEqual(
    found.map(({ path }) => path).sort(),
  )
})

test('a name that is not UTF-8 is read with one character for each byte', () => {
  const root = join(dir, 'old-names')
  mkdirSync(root)
  writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]), '')
  const tar = execFileSync('tar', ['-c', '-C', root, '.'])
  expect([...treeEntries(tar)].map(({ path }) => path)).toEqual(['café'])
})

test('an archive that is unpacked to a folder and packed again has the same bytes', () => {
  const tar = packed(folder('there'))
  const copy = join(dir, 'and-back')
  mkdirSync(copy)
  for (const entry of treeEntries(tar)) {
    const path = join(copy, entry.path)
    if (entry.tag === 'folder') mkdirSync(path, { recursive: true })
    if (entry.tag === 'file') writeFileSync(path, entry.body, { mode: entry.executable ? 0o755 : 0o644 })
    if (entry.tag === 'symlink') symlinkSync(entry.target, path)
  }
  expect(packed(copy).equals(tar)).toBe(true)
})

test('an archive is refused if it reaches out of its folder or holds a pipe', () => {
  const root = folder('evil')
  const transformed = (expression: string): Buffer =>
    execFileSync('tar', ['-cP', '--transform', expression, '-C', root, 'empty'])
  expect(() => [...treeEntries(transformed('s,empty,../empty,'))]).toThrow('outside of its folder')
  expect(() => [...treeEntries(transformed('s,empty,/etc/empty,'))]).toThrow('outside of its folder')
  execFileSync('mkfifo', [join(root, 'pipe')])
  const pipe = execFileSync('tar', ['-c', '-C', root, 'pipe'])
  expect(() => [...treeEntries(pipe)]).toThrow('pipe in an archive is of the type 6')
  expect(() => packed(root)).toThrow('pipe is neither file, folder nor link')
})
