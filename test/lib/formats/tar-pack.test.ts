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
const FILES: Readonly<Record<string, string>> = {
  'usr/bin/tool': '#!/bin/sh\n',
  'usr/share/data': 'x'.repeat(1500),
  [LONG]: 'long',
  'usr/share/ä-and-z': 'not ASCII',
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
  return root
}
const packed = (root: string): Buffer =>
  Buffer.concat([...packEntries(diskFolder(root).entries())].map((chunk) => Buffer.from(chunk)))

test('GNU tar unpacks an archive to the very folder that it was made of', () => {
  const root = folder('original')
  const copy = join(dir, 'copy')
  mkdirSync(copy)
  execFileSync('tar', ['-x', '-C', copy], { input: packed(root) })
  execFileSync('diff', ['-r', '--no-dereference', root, copy])
  expect(packed(copy).equals(packed(root))).toBe(true)
})

test('times, owners and modes beyond the executable bit are not in it', () => {
  const root = folder('one')
  const other = folder('other')
  utimesSync(join(other, 'empty'), 1, 1)
  chmodSync(join(other, 'usr/share/data'), 0o600)
  expect(packed(other).equals(packed(root))).toBe(true)
  chmodSync(join(other, 'usr/share/data'), 0o700)
  expect(packed(other).equals(packed(root))).toBe(false)
})

test('what GNU tar packs is read entry by entry, long names and links as they are', () => {
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
  expect([...treeEntries(packed(root))].map(({ path }) => path).sort()).toEqual(
    found.map(({ path }) => path).sort(),
  )
})

test('an archive that reaches out of its folder, or holds a device, is refused', () => {
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
