import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyOf } from '../../../../lib/names/grammar.ts'
import {
  hasName,
  kernelIn,
  keysOf,
  repositoryIn,
  repositoryOf,
  SHAPES,
  tagOf,
} from '../../../../lib/packages/oci/names.ts'
import { part, probes, submittedProbes } from '../../../support/names/arbitraries.ts'

/** From the specification of the protocol. */
const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

const shapes = fc.constantFrom(...SHAPES)

test.each([
  ['0.20.0', 'probes/scap/0.20.0'],
  ['11.0.0+driver', 'probes/scap/11.0.0_driver'],
  ['0.1.1dev+git20220316.e5c53d64', 'probes/scap/0.1.1dev_git20220316.e5c53d64'],
  ['a_b', 'probes/scap/a__5fb'],
  ['A', 'probes/scap/0__00__41'],
])('driver version %s has the repository %s', (driverVersion, name) => {
  expect(repositoryOf({ shape: 'probes', driverName: 'scap', driverVersion })).toBe(name)
})

test.each([
  ['scap_debian_6.1.192-2-amd64_1', 'debian_6.1.192-2-amd64_1'],
  ['scap_redhat_5.14.0-427.13.1.el9_4.x86_64_1', 'redhat_5.14.0-427.13.1.el9_4.x86_64_1'],
  ['scap_ubuntu-aws_6.8.0-1021-aws_23~22.04.1', 'ubuntu-aws_6.8.0-1021-aws_23..t22.04.1'],
  ['scap_cos_5.4.144+_1', 'cos_5.4.144..p_1'],
])('the tag of %s is %s', (file, tag) => {
  const repository = { shape: 'probes', driverName: 'scap', driverVersion: '0.20.0' } as const
  const kernel = kernelIn(repository, tag)!
  expect(tagOf(kernel)).toBe(tag)
  expect(keysOf(kernel)).toContain(`driver/0.20.0/x86_64/${file}.ko`)
})

test('a probe with a name can be parsed back from its repository and its tag', () => {
  fc.assert(
    fc.property(probes, shapes, (probe, shape) => {
      fc.pre(hasName(probe))
      const name = repositoryOf({ shape, ...probe })
      const tag = tagOf(probe)
      expect(name).toMatch(NAME)
      expect(tag).toMatch(TAG)
      const repository = repositoryIn(name)!
      expect(repository).toEqual({ shape, driverName: probe.driverName, driverVersion: probe.driverVersion })
      expect(keysOf(kernelIn(repository, tag)!)).toContain(keyOf(probe))
    }),
    { numRuns: 2000 },
  )
})

test('each driver version has only one repository name', () => {
  const versions = fc.oneof(part('.+~_-'), fc.stringMatching(/^[a-z0-9]([._-]?[a-z0-9_]){0,12}$/))
  fc.assert(
    fc.property(versions, (text) => {
      const repository = repositoryIn(`probes/scap/${text}`)
      if (repository !== undefined) expect(repositoryOf(repository)).toBe(`probes/scap/${text}`)
    }),
    { numRuns: 5000 },
  )
})

test('each kernel has only one tag', () => {
  const repository = { shape: 'probes', driverName: 'scap', driverVersion: '1' } as const
  const tags = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,6}_[0-9][a-z0-9_.-]{0,12}_[0-9pt.]{1,5}$/)
  fc.assert(
    fc.property(tags, (tag) => {
      const kernel = kernelIn(repository, tag)
      if (kernel !== undefined) expect(tagOf(kernel)).toBe(tag)
    }),
    { numRuns: 5000 },
  )
})

test('a submitted kernel has no repository and no tag, because anybody may submit any number of kernels', () => {
  fc.assert(fc.property(submittedProbes, (probe) => !hasName(probe)))
})

test.each([
  'probes',
  'probes/scap',
  'probes/scap/0.20.0/x',
  'images/scap/0.20.0',
  'probes/other/1',
  'probes/scap/A',
  '',
])('there is no repository %j', (name) => {
  expect(repositoryIn(name)).toBeUndefined()
})
