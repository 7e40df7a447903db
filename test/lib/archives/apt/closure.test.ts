import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closureOf, type Everything, everythingOf } from '../../../../lib/archives/apt/closure.ts'
import type { RelatedPackage } from '../../../../lib/archives/apt/packages.ts'

const pkg = (name: string, given: Partial<RelatedPackage> = {}): RelatedPackage => ({
  name,
  version: '1',
  url: `http://mirror/${name}.deb`,
  sha256: 'a'.repeat(64),
  bytes: 1,
  format: 'deb',
  depends: '',
  preDepends: '',
  provides: '',
  priority: 'optional',
  ...given,
})

async function* each(packages: readonly RelatedPackage[]): AsyncGenerator<RelatedPackage> {
  yield* packages
}
const all = (...packages: RelatedPackage[]): Promise<Everything> => everythingOf(each(packages))
const shown = (packages: readonly RelatedPackage[]): string[] =>
  packages.map(({ name, version }) => `${name}=${version}`)

test('a closure contains the dependencies and pre-dependencies of a package, and theirs in turn', async () => {
  const archive = await all(
    pkg('gcc', { depends: 'cpp (= 1), libc6:any (>= 1)', preDepends: 'base' }),
    pkg('cpp', { depends: 'libmpc' }),
    ...['libc6', 'base', 'libmpc', 'unrelated'].map((name) => pkg(name)),
  )
  expect(shown(closureOf(archive, ['gcc']))).toEqual(['base=1', 'cpp=1', 'gcc=1', 'libc6=1', 'libmpc=1'])
})

test('the first alternative that exists in a matching version is chosen', async () => {
  const archive = await all(
    pkg('a', { depends: 'gone | old (>= 2) | kept | other' }),
    pkg('old'),
    pkg('kept'),
    pkg('other'),
  )
  expect(shown(closureOf(archive, ['a']))).toEqual(['a=1', 'kept=1'])
})

test('the newest version that the relation allows is chosen', async () => {
  const versions = ['1.9', '1.10', '2.0~rc1', '2.0'].map((version) => pkg('lib', { version }))
  const of = async (depends: string) => shown(closureOf(await all(pkg('a', { depends }), ...versions), ['a']))
  expect(await of('lib')).toContain('lib=2.0')
  expect(await of('lib (<< 2.0)')).toContain('lib=2.0~rc1')
  expect(await of('lib (= 1.9)')).toContain('lib=1.9')
  await expect(of('lib (>> 1.9), lib (<= 1.10)')).rejects.toThrow(
    'a needs lib (<= 1.10), and 2.0 of it is what another package takes',
  )
})

test('for a virtual package, the provider of the highest priority is chosen, then the first by name', async () => {
  const awk = { provides: 'awk' }
  const archive = [
    pkg('base', { preDepends: 'awk' }),
    pkg('gawk', awk),
    pkg('mawk', { ...awk, priority: 'required' }),
    pkg('busy', awk),
  ]
  expect(shown(closureOf(await all(...archive), ['base']))).toEqual(['base=1', 'mawk=1'])
  const optional = archive.map((one) => ({ ...one, priority: 'optional' }))
  expect(shown(closureOf(await all(...optional), ['base']))).toEqual(['base=1', 'busy=1'])
})

test('a provided name must match the required version too', async () => {
  const of = async (provides: string) =>
    closureOf(await all(pkg('a', { depends: 'api (>= 2)' }), pkg('lib', { provides })), ['a'])
  expect(shown(await of('api (= 2.1)'))).toEqual(['a=1', 'lib=1'])
  await expect(of('api')).rejects.toThrow('no api (>= 2), which a needs')
  await expect(of('api (= 1)')).rejects.toThrow('no api (>= 2), which a needs')
})

test('the error for a missing package names it, and names the build root that needs it', async () => {
  await expect(all().then((archive) => closureOf(archive, ['gcc-14']))).rejects.toMatchObject({
    code: 'headers-not-found',
    message: 'the archive has no gcc-14, which a build root needs',
  })
})

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']
const archives = fc
  .array(fc.array(fc.constantFrom(...NAMES), { maxLength: 3 }), { minLength: 6, maxLength: 6 })
  .map((needs) => NAMES.map((name, i) => pkg(name, { depends: needs[i]!.join(', ') })))

test('a closure is complete, contains each name once, and does not depend on the order of the list', async () => {
  await fc.assert(
    fc.asyncProperty(archives, fc.subarray(NAMES, { minLength: 1 }), async (packages, names) => {
      const closure = closureOf(await all(...packages), names)
      const held = closure.map(({ name }) => name)
      expect(new Set(held).size).toBe(held.length)
      for (const name of [...names, ...closure.flatMap(({ depends }) => depends.split(', ').filter(Boolean))])
        expect(held).toContain(name)
      const reversed = closureOf(await all(...packages.toReversed()), names.toReversed())
      expect(reversed).toEqual(closure)
    }),
  )
})
