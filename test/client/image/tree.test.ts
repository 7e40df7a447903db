// Tests which files of a composed root the image keeps. The roots are small; their programs are from this machine.

import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { imageTree } from '../../../client/image/tree.ts'
import { diskFolder } from '../../../lib/aws/folder.ts'
import { LOADER } from '../../support/client/host.ts'

const dir = mkdtempSync(join(tmpdir(), 'image-tree-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** A value is the body of a file, or `-> x` for a link. */
function rootOf(files: Readonly<Record<string, string | Buffer>>): string {
  const root = mkdtempSync(join(dir, 'root-'))
  for (const [path, body] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    if (typeof body === 'string' && body.startsWith('-> ')) symlinkSync(body.slice(3), join(root, path))
    else writeFileSync(join(root, path), body)
  }
  return root
}

const SCRIPT = '#!/bin/sh\n'
/** A program that is linked against libraries of this machine. */
const DYNAMIC = readFileSync(realpathSync('/usr/bin/gpgv'))
const WHOLE = {
  'usr/bin/busybox': SCRIPT,
  'usr/bin/curl': SCRIPT,
  'usr/bin/gpgv': SCRIPT,
  'usr/bin/kmod': SCRIPT,
  'usr/bin/zstd': SCRIPT,
  'usr/sbin/insmod': '-> /bin/kmod',
  'usr/sbin/rmmod': '-> ../bin/kmod',
  'usr/lib/x86_64-linux-gnu/libgcc_s.so.1': 'gcc',
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  bin: '-> usr/bin',
  sbin: '-> usr/sbin',
}
const kept = (files: Readonly<Record<string, string | Buffer>>) =>
  imageTree(diskFolder(rootOf(files))).map(({ path }) => path)

describe('the tree of the image', () => {
  test('has the programs, the links to them, and files that no program names', () => {
    const paths = kept({
      ...WHOLE,
      'usr/share/doc/curl/copyright': 'terms',
      'usr/share/doc/curl/NEWS': 'news',
    })
    for (const path of [...Object.keys(WHOLE), 'usr/share/doc/curl/copyright']) expect(paths).toContain(path)
    expect(paths).not.toContain('usr/share/doc/curl/NEWS')
  })

  test('has no files that no program loads', () => {
    const paths = kept({ ...WHOLE, 'usr/lib/x86_64-linux-gnu/gconv/UTF-7.so': 'x', 'usr/bin/perl': SCRIPT })
    expect(paths.filter((path) => /gconv|perl/.test(path))).toEqual([])
  })

  test('has each path once, and a folder before its content', () => {
    const paths = kept({ ...WHOLE, 'usr/bin/a-b': SCRIPT })
    expect(new Set(paths).size).toBe(paths.length)
    for (const [at, path] of paths.entries())
      if (path.includes('/')) expect(paths.slice(0, at)).toContain(dirname(path))
  })

  test('links busybox as each tool that the loader names and no other package has', () => {
    const tree = imageTree(diskFolder(rootOf(WHOLE)))
    const names = tree.flatMap(({ path }) => /^usr\/s?bin\/(.+)$/.exec(path)?.[1] ?? [])
    const [, said = ''] = /^Tools: ([\s\S]*?)\nEND$/m.exec(readFileSync(LOADER, 'utf8')) ?? []
    const tools = said.replaceAll(/[;,]/g, ' ').split(/\s+/)
    const WORDS = [
      'and',
      'for',
      'an',
      'armored',
      'key',
      'compressed',
      'files',
      'module',
      'bpf',
      'if',
      'there',
    ]
    // curl is enough without wget; only hosts with SELinux have ausearch.
    const ELSEWHERE = ['or', 'wget', 'they', 'are', 'ausearch']
    expect(tools.length).toBeGreaterThan(30)
    for (const tool of tools.filter((one) => ![...WORDS, ...ELSEWHERE, ''].includes(one)))
      expect(names).toContain(tool)
    expect(tree).toContainEqual({ tag: 'symlink', path: 'usr/bin/sh', target: 'busybox' })
    expect(tree.filter(({ path }) => path === 'usr/sbin/insmod')).toEqual([
      { tag: 'symlink', path: 'usr/sbin/insmod', target: '/bin/kmod' },
    ])
  })

  test('is refused if a program lacks a library, and the library is named', () => {
    expect(() => kept({ ...WHOLE, 'usr/bin/gpgv': DYNAMIC })).toThrow(
      /^no package of the image has (?:lib|ld-|\/lib).*/,
    )
  })

  test('is refused if a link is circular or broken', () => {
    expect(() => kept({ ...WHOLE, 'usr/bin/kmod': '-> kmod' })).toThrow('round in a circle')
    expect(() => kept({ ...WHOLE, 'usr/bin/kmod': '-> gone' })).toThrow('no package of the image has')
  })
})
