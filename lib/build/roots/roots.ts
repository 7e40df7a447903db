// Build roots by what is wanted of them: out of one suite's signed lists, always the same for the same lists.

import * as z from 'zod'
import { closureOf, everythingOf } from '../../archives/apt/closure.ts'
import { fetchRelease } from '../../archives/apt/in-release.ts'
import {
  digestOf,
  everyPackage,
  fetchPackages,
  listIn,
  type PackagesPorts,
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

/** A root that can be composed. */
export interface Root {
  /** of its packages, by name, version and sha256: two roots of one id are the same bytes */
  readonly id: string
  readonly suite: string
  readonly arch: Arch
  readonly packages: readonly Package[]
}

export interface Roots {
  /** the suite of what the steps run in */
  readonly steps: string
  /**
   * Which suite's compiler builds for `target` on a machine of `arch`. ProbeError `headers-not-found`,
   * `mirror-unreachable`, `signature-invalid`, ...
   */
  choose(wanted: Wanted, arch: Arch, target?: Arch): Promise<Chosen>
  /** ProbeError `headers-not-found` where the suite lacks a package of it, and those of `choose`. */
  of(spec: RootSpec, suite: string, arch: Arch): Promise<Root>
}

const COMPILERS = {
  id: 'compilers 2',
  test: (name: string) => /^(?:gcc|clang)-\d+(?:\.\d+)?(?:-(?:aarch64|x86-64)-linux-gnu)?$/.test(name),
}
const MAX_ROOT = 1024 * 1024

export function createRoots(ports: Omit<PackagesPorts, 'keyring'>, archive: RootArchive): Roots {
  const signed: PackagesPorts = { ...ports, keyring: ROOT_KEYRING }
  const inTurn = limited(1)
  const suiteOf = (suite: string): Suite => {
    const { mirror, checkValidUntil, ofThePast } = archive
    return {
      mirror,
      suite,
      ...(checkValidUntil === undefined ? {} : { checkValidUntil }),
      ...(ofThePast === undefined ? {} : { ofThePast }),
    }
  }
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
      const root = await rootOf(signed, suiteOf(suite), arch, packagesOf(spec, arch), inTurn)
      const guests = guestsOf(spec, arch)
      if (guests.length === 0 || !('target' in spec) || spec.target === undefined) return root
      const found = await staticOf(signed, suiteOf(suite), spec.target, guests)
      return rootFrom(suite, arch, [...root.packages, ...found])
    },
  }
}

/**
 * The root of these packages. Their closure is kept by the list that it is of: the next plan reads no list. `inTurn`: all of
 * a list takes a hundred megabytes, and many plans of one process may want the same root at one time: the first makes it.
 */
export async function rootOf(
  ports: PackagesPorts,
  suite: Suite,
  arch: Arch,
  names: readonly string[],
  inTurn: <T>(job: () => Promise<T>) => Promise<T> = (job) => job(),
): Promise<Root> {
  const list = listIn(await fetchRelease(ports, suite), DPKG_ARCH[arch])
  if (list === undefined)
    throw new ProbeError('headers-not-found', `${suite.suite} has no packages for ${arch}`)
  const key = listKey(sha256(`root 1 ${suite.mirror} ${digestOf(list)} ${[...names].sort().join(' ')}`))
  const kept = () => ports.inputs.get(key, MAX_ROOT)
  const make = async (): Promise<Uint8Array> => {
    const everything = await everythingOf(everyPackage(ports.fetch, suite, list))
    const body = new TextEncoder().encode(JSON.stringify(closureOf(everything, names).map(plain)))
    // A crash before this line costs the next plan the same work; two at once write the same bytes.
    await ports.inputs.create(key, body, { contentType: 'application/json', sha256: sha256(body) })
    return body
  }
  const body = (await kept()) ?? (await inTurn(async () => (await kept()) ?? make()))
  return rootFrom(suite.suite, arch, packagesFrom(body))
}

/** Programs without libraries. ProbeError `headers-not-found`. */
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

const plain = ({ name, version, url, sha256: digest, bytes, format }: Package): Package => ({
  name,
  version,
  url,
  sha256: digest,
  bytes,
  format,
})

const packagesFrom = (body: Uint8Array): Package[] =>
  parseOwnJson(
    z.array(packageSchema),
    new TextDecoder().decode(body),
    'the packages of a root',
    'plan did not write them so',
  )

const rootFrom = (suite: string, arch: Arch, packages: readonly Package[]): Root => ({
  id: rootId(packages),
  suite,
  arch,
  packages,
})

/** Of the sorted names, versions and digests, and of nothing else: not of where they were fetched. */
const rootId = (packages: readonly Package[]): string =>
  sha256(
    packages
      .map(({ name, version, sha256: digest }) => `${name} ${version} ${digest}\n`)
      .sort()
      .join(''),
  )
