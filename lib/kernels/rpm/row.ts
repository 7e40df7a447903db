// What has to be known of a distribution whose kernels come as rpms: one row each, in rows.ts.

import type { Arch } from '../../model/probe.ts'
import { seriesOf } from '../../model/series.ts'
import type { NamedKernel } from '../planner.ts'
import { unsupported } from '../refusals.ts'

/** A kernel by its `uname -r`, taken apart. */
export interface RpmKernel {
  readonly unameRelease: string
  readonly arch: Arch
  /** of its packages */
  readonly version: string
  readonly release: string
  /** e.g. `64k`, `azure`; '' for the plain one */
  readonly flavour: string
}

/** Where packages of some kernels are. */
export interface RpmPlace {
  /** a regular expression over `uname -r`; its named groups are what `base` may name */
  readonly of: string
  /** URL of the folder that has `repodata/`, or of a list of mirrors, which ends with `mirror.list`; `{arch}` and the groups' names are filled in */
  readonly base: string
}

export interface RpmRow {
  /** `uname -r`: groups `version`, `release`, and where they are part of it `arch` and `flavour` */
  readonly kernels: RegExp
  /** names of the package of a kernel's headers, of which one has it */
  readonly headers: (kernel: RpmKernel) => readonly string[]
  /** names of the package of its image */
  readonly images: (kernel: RpmKernel) => readonly string[]
  /** a package's release is the kernel's, or goes on after it with the number of a rebuild */
  readonly counted?: boolean
  readonly places: readonly RpmPlace[]
  readonly lists: 'signed' | 'unsigned'
  /** human-readable: why there are no places until the operator names some */
  readonly entitled?: string
}

/** `undefined` for what no kernel of that distribution calls itself. */
export function kernelOf(row: RpmRow, unameRelease: string, arch: Arch): RpmKernel | undefined {
  const groups = unameRelease.length <= 200 ? row.kernels.exec(unameRelease)?.groups : undefined
  const { version, release, flavour = '' } = groups ?? {}
  if (version === undefined || release === undefined) return undefined
  if (groups?.arch !== undefined && groups.arch !== arch) return undefined
  return { unameRelease, arch, version, release, flavour }
}

/** @throws {ProbeError} `unsupported-kernel` for what no kernel of it calls itself. */
export function checkedKernel(row: RpmRow, target: string, { kernelRelease, arch }: NamedKernel): RpmKernel {
  const kernel = kernelOf(row, kernelRelease, arch)
  if (kernel !== undefined && seriesOf(kernelRelease) !== undefined) return kernel
  throw unsupported(
    `${kernelRelease} is not the release of an ${arch} kernel of ${target}: this kernel is not its own, or \`uname -r\` prints another name`,
  )
}

/** Bases of the repositories that may have packages of that kernel, in the order of the places. */
export function basesFor(places: readonly RpmPlace[], { unameRelease, arch }: RpmKernel): string[] {
  return places.flatMap(({ of, base }) => {
    const found = new RegExp(of).exec(unameRelease)
    if (found === null) return []
    const values: Readonly<Record<string, string | undefined>> = { ...found.groups, arch }
    const names = [...base.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    // A kernel of no minor release is in no folder of one.
    if (names.some((name) => values[name] === undefined)) return []
    return [base.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')]
  })
}
