// Imports run one way: functions -> lib/aws -> lib; cdk takes from lib only what both must name; local stands alone.

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

  test('cdk takes from lib only names, settings, words and the writer of archives', () => {
    const shared = within('cdk', 'lib/model', 'lib/aws/resources.ts', 'lib/formats/tar.ts')
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

  test('nothing imports functions', () => {
    const parts = ['lib', 'cdk', 'local']
    expect(parts.flatMap((part) => importsOfPart(part)).filter(within('functions'))).toEqual([])
  })
})
