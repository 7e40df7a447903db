import { expect, test } from 'vitest'
import { TOOLCHAIN_NAMES, toolchainOf } from '../../../../lib/kernels/debian/toolchain.ts'

const find = (name: string) => ({ name, version: '1', url: '', sha256: '', bytes: 1 })
const names = (...of: [kind: 'kmod' | 'ebpf', kernel?: 'headers' | 'source' | 'prepared']): string[] =>
  toolchainOf(of[0], find, of[1]).map(({ name }) => name)
const forATree = ['bison', 'flex', 'libelf-dev']

test('only a tree that has yet to be made needs the tools that make one', () => {
  expect(names('kmod', 'source')).toEqual(expect.arrayContaining(forATree))
  expect(names('ebpf', 'source')).toEqual(expect.arrayContaining([...forATree, 'clang-14']))
  for (const kernel of ['headers', 'prepared', undefined] as const) {
    expect(names('ebpf', kernel)).not.toEqual(expect.arrayContaining(['bison']))
    expect(names('kmod', kernel)).toEqual(['libelf1', 'libcap2', 'bubblewrap'])
  }
})

test('every package that a build may ask for is one that the planner keeps', () => {
  expect(names('ebpf', 'source')).toEqual([...TOOLCHAIN_NAMES])
})

test('what the archive has not is left out', () => {
  expect(toolchainOf('ebpf', () => undefined, 'source')).toEqual([])
})
