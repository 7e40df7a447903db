// Finds the packages of build roots in a suite's signed lists. The same lists give the same root.

import * as z from 'zod'
import { closureOf, everythingOf } from '../../archives/apt/closure.ts'
import { fetchRelease } from '../../archives/apt/in-release.ts'
import {
  digestOf,
  everyPackage,
  fetchPackages,
  type List,
  listIn,
  type PackagesPorts,
  type RelatedPackage,
} from '../../archives/apt/packages.ts'
import { newest } from '../../archives/apt/relations.ts'
import { DPKG_ARCH, type Suite } from '../../archives/apt/suite.ts'
import { ROOT_KEYRING, type RootArchive } from '../../archives/roots.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import type { RootSpec } from '../../model/events.ts'
import { listKey } from '../../model/keys.ts'
import { limited } from '../../model/limited.ts'
import { parseOwnJson } from '../../model/parse.ts'
import { type Arch, type Package, packageSchema } from '../../model/probe.ts'
import { type Available, type Chosen, chooseCross, type Wanted } from './choose.ts'
import { guestsOf, packagesOf, suffixOf } from './spec.ts'

export interface Root {
  /** digest of the packages' names, versions and sha256; two roots with the same id have the same bytes */
  readonly id: string
  readonly suite: string
  readonly arch: Arch
  readonly packages: readonly Package[]
}

export interface Roots {
  /** the suite of the roots for steps */
  readonly steps: string
  /**
   * Chooses the suite and the compiler that builds for `target` on a machine of `arch`.
   * @throws {ProbeError} `headers-not-found`, `mirror-unreachable`, `signature-invalid`, ...
   */
  choose(wanted: Wanted, arch: Arch, target?: Arch): Promise<Chosen>
  /** @throws {ProbeError} `headers-not-found`: the suite lacks a package; and those of `choose`. */
  of(spec: RootSpec, suite: string, arch: Arch): Promise<Root>
}

const COMPILERS = {
  id: 'compilers 2',
  test: (name: string) => /^(?:gcc|clang)-\d+(?:\.\d+)?(?:-(?:aarch64|x86-64)-linux-gnu)?$/.test(name),
}
const MAX_ROOT = 1024 * 1024

interface ClosurePorts extends PackagesPorts {
  /**
   * Runs one job at a time, because a complete list takes a hundred megabytes of memory. If many plans of one process want the
   * same root at once, only the first plan makes it.
   */
  readonly inTurn?: <T>(job: () => Promise<T>) => Promise<T>
}

export function createRoots(ports: Omit<PackagesPorts, 'keyring'>, archive: RootArchive): Roots {
  const signed: ClosurePorts = { ...ports, keyring: ROOT_KEYRING, inTurn: limited(1) }
  const { mirror, checkValidUntil, ofThePast } = archive
  const suiteOf = (suite: string): Suite => ({ mirror, suite, checkValidUntil, ofThePast })
  return {
    steps: archive.steps,
    choose: async (wanted, arch, target = arch) => {
      const lists = archive.suites.map(async ({ suite, stable }): Promise<Available[]> => {
        const found = await fetchPackages(signed, suiteOf(suite), DPKG_ARCH[arch], COMPILERS)
        return found.map(({ name, version }) => ({ suite, stable, command: name, version }))
      })
      return chooseCross((await Promise.all(lists)).flat(), wanted, suffixOf(arch, target))
    },
    of: async (spec, suite, arch) => {
      const root = await rootOf(signed, suiteOf(suite), arch, packagesOf(spec, arch))
      const guests = guestsOf(spec, arch)
      if (guests.length === 0 || !('target' in spec) || spec.target === undefined) return root
      const found = await staticOf(signed, suiteOf(suite), spec.target, guests)
      return rootFrom(suite, arch, [...root.packages, ...found])
    },
  }
}

/** The root of these packages. Stores their closure under the digest of the list, so the next plan does not read the list. */
export const rootOf = (
  ports: ClosurePorts,
  suite: Suite,
  arch: Arch,
  names: readonly string[],
): Promise<Root> => rootOfSuites(ports, [suite], arch, { names, without: [] })

interface Closure {
  /** wanted packages; their dependencies are added */
  readonly names: readonly string[]
  /** packages to omit with their dependencies, because only maintainer scripts use them */
  readonly without: readonly string[]
}

/** The root from several related suites, such as a suite and its security updates: the newest version of each package. */
export async function rootOfSuites(
  ports: ClosurePorts,
  suites: readonly [Suite, ...Suite[]],
  arch: Arch,
  closure: Closure,
): Promise<Root> {
  const { inTurn = (job) => job() } = ports
  const lists = await Promise.all(suites.map((suite) => listOf(ports, suite, arch)))
  const key = closureKey(lists, closure)
  const kept = () => ports.inputs.get(key, MAX_ROOT)
  const make = async (): Promise<Uint8Array> => {
    const body = new TextEncoder().encode(JSON.stringify(await packagesIn(ports, lists, closure)))
    // After a crash before this line, the next plan repeats the work. Two plans at once write the same bytes.
    await ports.inputs.create(key, body, { contentType: 'application/json', sha256: sha256(body) })
    return body
  }
  const body = (await kept()) ?? (await inTurn(async () => (await kept()) ?? make()))
  const text = new TextDecoder().decode(body)
  const hint = 'plan did not write them so'
  const packages = parseOwnJson(z.array(packageSchema), text, 'the packages of a root', hint)
  return rootFrom(suites[0].suite, arch, packages)
}

interface Listed {
  readonly suite: Suite
  readonly list: List
}

async function listOf(ports: PackagesPorts, suite: Suite, arch: Arch): Promise<Listed> {
  const list = listIn(await fetchRelease(ports, suite), DPKG_ARCH[arch])
  if (list !== undefined) return { suite, list }
  throw new ProbeError('headers-not-found', `${suite.suite} has no packages for ${arch}`)
}

function closureKey(lists: readonly Listed[], { names, without }: Closure): string {
  const read = lists.map(({ suite, list }) => `${suite.mirror} ${digestOf(list)}`)
  const left = without.length === 0 ? [] : ['without', ...[...without].sort()]
  return listKey(sha256(['root 1', ...read, ...[...names].sort(), ...left].join(' ')))
}

async function packagesIn(
  { fetch }: PackagesPorts,
  lists: readonly Listed[],
  { names, without }: Closure,
): Promise<Package[]> {
  async function* all(): AsyncGenerator<RelatedPackage> {
    for (const { suite, list } of lists)
      for await (const pkg of everyPackage(fetch, suite, list))
        yield without.includes(pkg.name) ? { ...pkg, depends: '', preDepends: '' } : pkg
  }
  const found = closureOf(await everythingOf(all()), names)
  return found.filter(({ name }) => !without.includes(name)).map(plain)
}

/** Finds static programs, which need no dependencies. @throws {ProbeError} `headers-not-found`. */
async function staticOf(
  ports: PackagesPorts,
  suite: Suite,
  arch: Arch,
  names: readonly string[],
): Promise<Package[]> {
  const keep = { id: `static ${names.join(' ')}`, test: (name: string) => names.includes(name) }
  const found = await fetchPackages(ports, suite, DPKG_ARCH[arch], keep)
  return names.map((name) => {
    const pkg = newest(found.filter((one) => one.name === name))
    if (pkg !== undefined) return plain(pkg)
    throw new ProbeError('headers-not-found', `${suite.suite} has no ${name} for ${arch}`)
  })
}

function plain({ name, version, url, sha256, bytes, format }: Package): Package {
  return { name, version, url, sha256, bytes, format }
}

const rootFrom = (suite: string, arch: Arch, packages: readonly Package[]): Root => ({
  id: sha256(packageLines(packages)),
  suite,
  arch,
  packages,
})

/** Formats one sorted line for each package: name, version and digest, but not the URL. */
export const packageLines = (packages: readonly Package[]): string =>
  packages
    .map(({ name, version, sha256: digest }) => `${name} ${version} ${digest}\n`)
    .sort()
    .join('')
