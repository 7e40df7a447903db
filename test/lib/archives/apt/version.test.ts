import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareVersions } from '../../../../lib/archives/apt/version.ts'

/** The order of each pair by dpkg: -1, 0 or 1. */
function dpkg(pairs: readonly (readonly [string, string])[]): number[] {
  const lines = pairs.map(
    ([a, b]) =>
      `if dpkg --compare-versions '${a}' lt '${b}'; then echo -1; elif dpkg --compare-versions '${a}' gt '${b}'; then echo 1; else echo 0; fi`,
  )
  const said = execFileSync('sh', ['-c', lines.join('\n')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return said.trim().split('\n').map(Number)
}

const version = fc
  .tuple(
    fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    fc.string({ unit: fc.constantFrom(...'0019ab.+~'), maxLength: 8 }),
    fc.option(fc.string({ unit: fc.constantFrom(...'0019ab.+~'), minLength: 1, maxLength: 6 }), {
      nil: undefined,
    }),
  )
  .map(([epoch, upstream, revision]) => {
    const head = epoch === undefined ? '' : `${epoch}:`
    return `${head}1${upstream}${revision === undefined ? '' : `-${revision}`}`
  })

test('versions are ordered as dpkg orders them', () => {
  const real = [
    '6.1.192-2',
    '6.1.192-10',
    '6.12.117-1~deb12u1',
    '6.12.117-1',
    '4.19.118-2+deb10u1~bpo9+1',
    '6.1.176-1',
  ]
  const pairs = [
    ...real.flatMap((a) => real.map((b) => [a, b] as const)),
    ...fc.sample(fc.tuple(version, version), { numRuns: 150, seed: 7 }),
  ]
  const said = dpkg(pairs)
  pairs.forEach(([a, b], i) => {
    expect(Math.sign(compareVersions(a, b)), `${a} against ${b}`).toBe(said[i])
  })
})

test('the order is antisymmetric and transitive', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0)
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
    }),
  )
})
