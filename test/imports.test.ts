// Imports run one way: functions -> lib, whose rooms import downwards; cdk takes from lib only what both must name;
// local stands alone.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** Modules of a part of the house, tests and scripts aside. */
const modulesOf = (part: string): string[] =>
  readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(part, name))

const textOf = (module: string): string => readFileSync(join(ROOT, module), 'utf8')

/** What a module imports: a path from the root for its own, the name for a package or a part of Node. */
const importsOf = (module: string): string[] =>
  [...textOf(module).matchAll(/(?:\bfrom|\bimport\(?)\s*'([^']+)'/g)].map(([, name]) =>
    name!.startsWith('.') ? relative(ROOT, normalize(join(ROOT, dirname(module), name!))) : name!,
  )

const importsOfPart = (part: string, except?: string): [string, string][] =>
  modulesOf(part)
    .filter((module) => except === undefined || !module.startsWith(except))
    .flatMap((module) => importsOf(module).map((name): [string, string] => [module, name]))

const own = ([, name]: [string, string]): boolean =>
  /^(lib|functions|cdk|local|test|bench|client)\//.test(name)
const within =
  (...places: string[]) =>
  ([, name]: [string, string]): boolean =>
    places.some((place) => name === place || name.startsWith(`${place}/`))

/** The rooms of lib, from the ground up. */
const FLOORS = [
  ['model'],
  ['names', 'formats'],
  ['archives', 'inputs', 'signing', 'kconfig'],
  ['serve', 'kernels', 'clients', 'aws'],
  ['build', 'submit'],
  ['plan', 'publish', 'packages', 'api'],
] as const

/** Where Debian is the business: its kernels, its archive, its hosts, how they spell names, what its packages are; an example; and a table of all. */
const ABOUT_DEBIAN = [
  'lib/kernels/debian',
  'lib/kernels/targets.ts',
  'lib/kernels/planners.ts',
  'lib/formats/deb-pack.ts',
  'lib/archives',
  'lib/clients',
  'lib/names',
  'lib/packages/apt',
  'lib/api/openapi.ts',
  'lib/kconfig/patched.ts',
]

const roomOf = (module: string): string => module.split('/')[1] ?? ''
const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.some((name) => name === room))

/** From room to room, once each. */
const arrows = (): [string, string][] => {
  const all = importsOfPart('lib')
    .filter(own)
    .map(([from, to]): [string, string] => [roomOf(from), roomOf(to)])
    .filter(([from, to]) => from !== to)
  return [...new Map(all.map((arrow) => [arrow.join(' -> '), arrow])).values()]
}

describe('the rooms of lib', () => {
  test('are these, and nothing lies flat beside them', () => {
    const found = readdirSync(join(ROOT, 'lib'), { withFileTypes: true })
    expect(found.filter((entry) => !entry.isDirectory())).toEqual([])
    expect(found.map(({ name }) => name).sort()).toEqual(FLOORS.flat().sort())
  })

  test('import only from floors below: no arrow goes up or across, and so none in a circle', () => {
    expect(arrows().filter(([from, to]) => floorOf(to) >= floorOf(from))).toEqual([])
    expect(arrows().length).toBeGreaterThan(FLOORS.flat().length)
  })

  test('have no file that is called index', () => {
    expect(modulesOf('lib').filter((module) => module.endsWith('/index.ts'))).toEqual([])
  })

  test('but those of kernels, archives, clients and names do not know Debian', () => {
    const code = (module: string) => textOf(module).replaceAll(/\/\*\*?[\s\S]*?\*\/|\/\/.*$/gm, '')
    const others = modulesOf('lib').filter((module) => !ABOUT_DEBIAN.some((room) => module.startsWith(room)))
    expect(others.filter((module) => /debian/i.test(code(module)))).toEqual([])
  })
})

describe('imports run one way', () => {
  test('functions take from lib and lib/aws', () => {
    expect(
      importsOfPart('functions')
        .filter(own)
        .filter((i) => !within('functions', 'lib')(i)),
    ).toEqual([])
  })

  test('lib/aws takes from lib', () => {
    expect(
      importsOfPart('lib/aws')
        .filter(own)
        .filter((i) => !within('lib')(i)),
    ).toEqual([])
  })

  test('lib takes from lib, and nothing that knows a cloud, a disk or a network', () => {
    const imports = importsOfPart('lib', 'lib/aws/')
    expect(imports.filter(own).filter((i) => !within('lib')(i) || within('lib/aws')(i))).toEqual([])
    expect(
      imports.filter(([, name]) =>
        /^(@aws|@smithy|node:(fs|http|https|net|child_process|process|os)\b)/.test(name),
      ),
    ).toEqual([])
  })

  test('lib has no environment and no clock of its own', () => {
    const impure = modulesOf('lib').filter(
      (module) =>
        !module.startsWith('lib/aws/') &&
        /\bprocess\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/.test(textOf(module)),
    )
    expect(impure).toEqual([])
  })

  test('cdk takes from lib only names, settings, words, routes and the writer of archives', () => {
    const shared = within(
      'cdk',
      'lib/model',
      'lib/names/routes.ts',
      'lib/aws/resources.ts',
      'lib/aws/settings-text.ts',
      'lib/formats/tar-pack.ts',
      'lib/kernels/settings.ts',
    )
    expect(
      importsOfPart('cdk')
        .filter(own)
        .filter((i) => !shared(i)),
    ).toEqual([])
  })

  test('local knows the template and the wire, never the sources', () => {
    expect(
      importsOfPart('local')
        .filter(own)
        .filter((i) => !within('local')(i)),
    ).toEqual([])
  })

  test('client takes from lib and local, and from cdk what its stack gives to every build', () => {
    expect(
      importsOfPart('client')
        .filter(own)
        .filter((i) => !within('client', 'lib', 'local', 'cdk/buildspec.ts')(i)),
    ).toEqual([])
  })

  test('nothing imports functions', () => {
    const parts = ['lib', 'cdk', 'local', 'client']
    expect(parts.flatMap((part) => importsOfPart(part)).filter(within('functions'))).toEqual([])
  })
})
