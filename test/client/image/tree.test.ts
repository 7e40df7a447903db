// What of a composed root is kept: small roots, whose programs are this machine's own.

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

/** Of a file the value is its body, `-> x` a link. */
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
/** A program that is linked against libraries of this machine, by whichever ways. */
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
  test('has the programs, the links that lead to them, and what no program names', () => {
    const paths = kept({
      ...WHOLE,
      'usr/share/doc/curl/copyright': 'terms',
      'usr/share/doc/curl/NEWS': 'news',
    })
    for (const path of [...Object.keys(WHOLE), 'usr/share/doc/curl/copyright']) expect(paths).toContain(path)
    expect(paths).not.toContain('usr/share/doc/curl/NEWS')
  })

  test('has nothing that no program loads', () => {
    const paths = kept({ ...WHOLE, 'usr/lib/x86_64-linux-gnu/gconv/UTF-7.so': 'x', 'usr/bin/perl': SCRIPT })
    expect(paths.filter((path) => /gconv|perl/.test(path))).toEqual([])
  })

  test('has each path once, and a folder before what is in it', () => {
    const paths = kept({ ...WHOLE, 'usr/bin/a-b': SCRIPT })
    expect(new Set(paths).size).toBe(paths.length)
    for (const [at, path] of paths.entries())
      if (path.includes('/')) expect(paths.slice(0, at)).toContain(dirname(path))
  })

  test('calls busybox by the name of every tool that the loader names and nothing else has', () => {
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
    // The one is enough; the other is of hosts with SELinux alone.
    const ELSEWHERE = ['or', 'wget', 'they', 'are', 'ausearch']
    expect(tools.length).toBeGreaterThan(30)
    for (const tool of tools.filter((one) => ![...WORDS, ...ELSEWHERE, ''].includes(one)))
      expect(names).toContain(tool)
    expect(tree).toContainEqual({ tag: 'symlink', path: 'usr/bin/sh', target: 'busybox' })
    expect(tree.filter(({ path }) => path === 'usr/sbin/insmod')).toEqual([
      { tag: 'symlink', path: 'usr/sbin/insmod', target: '/bin/kmod' },
    ])
  })

  test('is not made where a program lacks a library, which is named', () => {
    expect(() => kept({ ...WHOLE, 'usr/bin/gpgv': DYNAMIC })).toThrow(
      /^no package of the image has (?:lib|ld-|\/lib).*/,
    )
  })

  test('is not made where a link leads round in a circle, or nowhere', () => {
    expect(() => kept({ ...WHOLE, 'usr/bin/kmod': '-> kmod' })).toThrow('round in a circle')
    expect(() => kept({ ...WHOLE, 'usr/bin/kmod': '-> gone' })).toThrow('no package of the image has')
  })
})
