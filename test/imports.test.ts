// Tests that imports run one way: functions import from lib, and the folders of lib import only from lower layers. cdk imports
// from lib only the names that both need. local imports from no other folder.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** The modules of a top-level folder, without tests and scripts. */
const modulesOf = (part: string): string[] =>
  readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(part, name))

const textOf = (module: string): string => readFileSync(join(ROOT, module), 'utf8')

/** A module's imports: paths from the root for the project's files, names for packages and for modules of Node. */
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

/** The folders of lib ("rooms") in layers ("floors"), lowest first. */
const FLOORS = [
  ['model'],
  ['names', 'formats'],
  ['archives', 'inputs', 'signing', 'kconfig'],
  ['serve', 'kernels', 'clients', 'aws'],
  ['build', 'submit'],
  ['plan', 'publish', 'packages', 'api'],
] as const

/** These may mention Debian: its kernels, archives, hosts, names and packages; an example; tables of all targets. */
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

/** Each import from one room to another, once. */
const arrows = (): [string, string][] => {
  const all = importsOfPart('lib')
    .filter(own)
    .map(([from, to]): [string, string] => [roomOf(from), roomOf(to)])
    .filter(([from, to]) => from !== to)
  return [...new Map(all.map((arrow) => [arrow.join(' -> '), arrow])).values()]
}

describe('the folders of lib', () => {
  test('are the listed ones, and lib has no files outside of them', () => {
    const found = readdirSync(join(ROOT, 'lib'), { withFileTypes: true })
    expect(found.filter((entry) => !entry.isDirectory())).toEqual([])
    expect(found.map(({ name }) => name).sort()).toEqual(FLOORS.flat().sort())
  })

  test('import only from lower layers, so there are no cycles', () => {
    expect(arrows().filter(([from, to]) => floorOf(to) >= floorOf(from))).toEqual([])
    expect(arrows().length).toBeGreaterThan(FLOORS.flat().length)
  })

  test('contain no index.ts', () => {
    expect(modulesOf('lib').filter((module) => module.endsWith('/index.ts'))).toEqual([])
  })

  test('do not mention Debian outside of the listed places', () => {
    const code = (module: string) => textOf(module).replaceAll(/\/\*\*?[\s\S]*?\*\/|\/\/.*$/gm, '')
    const others = modulesOf('lib').filter((module) => !ABOUT_DEBIAN.some((room) => module.startsWith(room)))
    expect(others.filter((module) => /debian/i.test(code(module)))).toEqual([])
  })
})

describe('imports run one way', () => {
  test('functions import only from functions and lib', () => {
    expect(
      importsOfPart('functions')
        .filter(own)
        .filter((i) => !within('functions', 'lib')(i)),
    ).toEqual([])
  })

  test('lib/aws imports only from lib', () => {
    expect(
      importsOfPart('lib/aws')
        .filter(own)
        .filter((i) => !within('lib')(i)),
    ).toEqual([])
  })

  test('the rest of lib imports only from lib, and no cloud, disk or network modules', () => {
    const imports = importsOfPart('lib', 'lib/aws/')
    expect(imports.filter(own).filter((i) => !within('lib')(i) || within('lib/aws')(i))).toEqual([])
    expect(
      imports.filter(([, name]) =>
        /^(@aws|@smithy|node:(fs|http|https|net|child_process|process|os)\b)/.test(name),
      ),
    ).toEqual([])
  })

  test('the rest of lib reads no environment, no clock and no random numbers', () => {
    const impure = modulesOf('lib').filter(
      (module) =>
        !module.startsWith('lib/aws/') &&
        /\bprocess\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/.test(textOf(module)),
    )
    expect(impure).toEqual([])
  })

  test('cdk imports from lib only the model, routes, resource names, settings and the tar writer', () => {
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

  test('local imports only from local', () => {
    expect(
      importsOfPart('local')
        .filter(own)
        .filter((i) => !within('local')(i)),
    ).toEqual([])
  })

  test('client imports only from client, lib, local and cdk/buildspec.ts', () => {
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
