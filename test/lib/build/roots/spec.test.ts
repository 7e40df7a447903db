// Tests the packages of a root, for its own architecture and for another one.

import { expect, test } from 'vitest'
import { guestsOf, packagesOf, prefixOf } from '../../../../lib/build/roots/spec.ts'
import type { RootSpec } from '../../../../lib/model/events.ts'

const compilers = (commands: string[], target?: 'x86_64' | 'aarch64'): RootSpec => ({
  tag: 'compilers',
  commands,
  ...(target === undefined ? {} : { target }),
})
const of = (spec: RootSpec, pattern: RegExp, arch: 'x86_64' | 'aarch64' = 'x86_64') =>
  packagesOf(spec, arch).filter((name) => pattern.test(name))
const COMPILER = /^(gcc|clang|lld|llvm|binutils-)/

test('a root with gcc has the headers of its plugins, and one with clang has the linker and the tools of its LLVM', () => {
  expect(of(compilers(['gcc-12']), COMPILER)).toEqual(['gcc-12', 'gcc-12-plugin-dev'])
  expect(of(compilers(['clang-14']), COMPILER)).toEqual(['clang-14', 'llvm-14', 'lld-14'])
})

test('a root with a cross gcc has a native gcc too, which builds the tools of a tree', () => {
  expect(of(compilers(['gcc-12'], 'aarch64'), COMPILER)).toEqual([
    'gcc-12',
    'binutils-aarch64-linux-gnu',
    'gcc-12-aarch64-linux-gnu',
    'gcc-12-plugin-dev-aarch64-linux-gnu',
  ])
  expect(of(compilers(['gcc-14'], 'x86_64'), COMPILER, 'aarch64')).toContain('gcc-14-x86-64-linux-gnu')
  expect(prefixOf('aarch64', 'x86_64')).toBe('x86_64-linux-gnu-')
})

test('a root for load tests of another architecture has its qemu, a compiler for the tester, and its busybox', () => {
  const own: RootSpec = { tag: 'machine' }
  const other: RootSpec = { tag: 'machine', target: 'aarch64' }
  const WANTED = /^(qemu|gcc|libc6-dev|busybox)/
  expect(of(own, WANTED)).toEqual(['busybox-static', 'gcc', 'libc6-dev', 'qemu-system-x86'])
  expect(of(other, WANTED)).toEqual(['gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross', 'qemu-system-arm'])
  expect([guestsOf(own, 'x86_64'), guestsOf(other, 'x86_64')]).toEqual([[], ['busybox-static']])
})
