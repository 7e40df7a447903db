// Tests the inputs of a build that follow from the plan of a kernel: one row per case.

import { expect, test } from 'vitest'
import { type TreeInputs, treeIdIn, treeOf } from '../../../lib/build/tree.ts'
import type { KernelPlan, SourcePlan } from '../../../lib/kernels/planner.ts'
import { PACKAGE_FORMATS, type PackageFormat } from '../../../lib/model/probe.ts'

const pkg = (name: string, format: PackageFormat = 'deb') => ({
  name,
  version: '1',
  url: `http://m.invalid/${name}`,
  sha256: `${name}-digest`,
  bytes: 7,
  format,
})
const stored = (name: string) => ({ sha256: `${name}-digest`, bytes: 7 })
const kernel = { kernelRelease: '6.1.1-1-amd64', unameRelease: '6.1.0-1-amd64', compiler: 'gcc-12' }
const source: SourcePlan = {
  ...kernel,
  tag: 'source',
  source: pkg('linux', 'tar.xz'),
  config: stored('config'),
  symvers: undefined,
  kheaders: undefined,
  treeId: 'tree-id',
}

const toMake = { makes: 'tree-id', prepared: undefined }
const made = { ...toMake, prepared: stored('prepared') }

const rows: [string, KernelPlan, Partial<TreeInputs>, string[]][] = [
  [
    'header packages, each in its own format',
    {
      ...kernel,
      tag: 'headers',
      tree: 'usr/src/a',
      headers: PACKAGE_FORMATS.map((format) => pkg(format, format)),
    },
    { kernel: { KERNEL: 'headers', TREE: 'usr/src/a' } },
    PACKAGE_FORMATS.map((format) => `header ${format} ${format}-digest`),
  ],
  [
    'source and config',
    source,
    { kernel: { KERNEL: 'source', TREE: '-' }, makes: 'tree-id' },
    ['source tar.xz linux-digest', 'config text config-digest'],
  ],
  [
    'all that a host submitted',
    { ...source, symvers: stored('symvers'), kheaders: stored('kheaders') },
    { makes: 'tree-id' },
    [
      'source tar.xz linux-digest',
      'config text config-digest',
      'kheaders tar.xz kheaders-digest',
      'symvers text symvers-digest',
    ],
  ],
  [
    'the tree that an earlier build made, with the symbols of this kernel',
    { ...source, symvers: stored('symvers') },
    { kernel: { KERNEL: 'prepared', TREE: '-' }, packages: [] },
    ['prepared tar.gz prepared-digest', 'symvers text symvers-digest'],
  ],
]

test.each(rows)('a tree is made of %s', (_, plan, expected, inputs) => {
  const tree = treeOf(plan, expected.kernel?.KERNEL === 'prepared' ? made : toMake)
  expect(tree).toMatchObject(expected)
  expect(tree.inputs.map(({ role, format, sha256 }) => `${role} ${format} ${sha256}`)).toEqual(inputs)
})

test('a tree names all its sources with their digests, even if an earlier build made the tree', () => {
  const whole = { ...source, symvers: stored('symvers'), kheaders: stored('kheaders') }
  const names = ({ sources }: TreeInputs) => sources.map(({ name, sha256 }) => `${name} ${sha256}`)
  expect(names(treeOf(whole, toMake))).toEqual([
    'linux linux-digest',
    'kernel-config config-digest',
    'Module.symvers symvers-digest',
    'kheaders.tar.xz kheaders-digest',
  ])
  expect(names(treeOf(whole, made))).toEqual(names(treeOf(whole, toMake)))
})

test('a config that a distribution signed is named as that file, and not as a submitted config', () => {
  const configFrom = {
    name: 'config.txt',
    version: '3',
    url: 'http://m.invalid/config.txt',
    sha256: 'signed',
  }
  const { sources, inputs } = treeOf({ ...source, configFrom }, toMake)
  expect(sources.slice(1)).toEqual([configFrom])
  expect(inputs.map(({ sha256 }) => sha256)).toContain('config-digest')
})

test('a tree that was made in one root is not used in another', () => {
  expect(treeIdIn('tree-id', { treeRoot: 'a' })).not.toBe(treeIdIn('tree-id', { treeRoot: 'b' }))
})
