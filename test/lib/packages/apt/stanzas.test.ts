import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withPackages } from '../../../../lib/packages/apt/stanzas.ts'

const keyOf = (n: number) => `driver/1/x86_64/falco_debian_6.1.${n}-1-amd64_1.ko`
const stanzas = (n: number, version: number): string[] =>
  ['amd64', 'module'].map(
    (name) =>
      `Package: ${name}-${n % 3}\nVersion: ${version}\nDescription: a\n b\nFilename: pool/${keyOf(n)}/${version}/${name}.deb\nSize: 1\n`,
  )

const change = fc.record({ n: fc.nat(8), version: fc.option(fc.nat(3), { nil: undefined }) })

test('a list has the last packages of each probe, for any order of the changes', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const last = new Map<number, number | undefined>()
      let list = ''
      for (const { n, version } of changes) {
        list = withPackages(list, keyOf(n), version === undefined ? [] : stanzas(n, version))
        last.set(n, version)
      }
      const left = [...last].flatMap(([n, version]) => (version === undefined ? [] : [[n, version] as const]))
      const direct = left.reduce(
        (text, [n, version]) => withPackages(text, keyOf(n), stanzas(n, version)),
        '',
      )
      expect(list).toBe(direct)
      expect(list.split('\n\n').filter((stanza) => stanza !== '')).toHaveLength(2 * left.length)
      for (const [n, version] of left) expect(withPackages(list, keyOf(n), stanzas(n, version))).toBe(list)
    }),
  )
})

test('a probe keeps its packages if the registry removes those of a probe with a similar key', () => {
  const both = withPackages(withPackages('', keyOf(1), stanzas(1, 1)), keyOf(11), stanzas(11, 1))
  expect(withPackages(both, keyOf(1), [])).toBe(withPackages('', keyOf(11), stanzas(11, 1)))
})
