import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { loadTestToolchainOf, TOOLCHAIN_NAMES, toolchainOf } from '../../../lib/build/toolchain.ts'

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

const forAMachine = (arch: 'x86_64' | 'aarch64') => loadTestToolchainOf(arch, find).map(({ name }) => name)

test('every package that a build or a load test may ask for is one that the planner keeps', () => {
  const asked = [...names('ebpf', 'source'), ...forAMachine('x86_64'), ...forAMachine('aarch64')]
  expect(new Set(asked)).toEqual(new Set(TOOLCHAIN_NAMES))
})

test('a load test brings every library of its virtual machine that a bare container lacks', () => {
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' })
  const arch = run('uname', '-m').trim() === 'aarch64' ? 'aarch64' : 'x86_64'
  const installed = run('dpkg-query', '-W', '-f', '${Essential} ${Priority} ${Package}\\n').split('\n')
  const base = installed.filter((line) => /^yes|^no required/.test(line)).map((line) => line.split(' ')[2])
  const bare = run('apt-cache', 'depends', '-i', '--recurse', 'apt', ...base.flatMap((name) => name ?? []))
  const machine = `/usr/bin/qemu-system-${arch}`
  const files = [...run('ldd', machine).matchAll(/=> (?:\/usr)?(\/\S+)/g)].map(([, file]) => `*${file}`)
  const packages = new Set([...run('dpkg', '-S', ...files).matchAll(/^([^:\n]+):/gm)].map(([, name]) => name))
  expect(packages.size).toBeGreaterThan(20)
  const brought = forAMachine(arch)
  const missing = [...packages].filter(
    (name) => !brought.includes(`${name}`) && !bare.includes(`: ${name}\n`),
  )
  expect(missing).toEqual([])
})

test('what the archive has not is left out', () => {
  expect(toolchainOf('ebpf', () => undefined, 'source')).toEqual([])
})
