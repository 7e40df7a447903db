// Defines the row of a distribution whose kernels come as rpms. The rows are in rows.ts.

import * as z from 'zod'
import { folderUrl } from '../../archives/apt/suite.ts'
import type { Read } from '../../model/parse.ts'
import type { Arch } from '../../model/probe.ts'
import { seriesOf } from '../../model/series.ts'
import type { NamedKernel } from '../planner.ts'
import { unsupported } from '../refusals.ts'

/** The parts of a kernel's `uname -r`. */
export interface RpmKernel {
  readonly unameRelease: string
  readonly arch: Arch
  /** version of its packages */
  readonly version: string
  readonly release: string
  /** e.g. `64k`, `azure`; '' for the plain kernel */
  readonly flavour: string
}

const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

/** A repository with packages of some kernels. */
export const placeSchema = z.object({
  /** a regular expression over `uname -r`; `base` may contain its named groups */
  of: z.string().max(200).refine(isPattern, 'is a regular expression over `uname -r`'),
  /**
   * URL of the folder that has `repodata/`, or of a list of mirrors, which ends with `mirror.list`; `{arch}`
   * and the groups' names are replaced
   */
  base: folderUrl,
})
export type RpmPlace = Read<typeof placeSchema>

export interface RpmRow {
  /** matches `uname -r`; groups `version`, `release`, and optionally `arch` and `flavour` */
  readonly kernels: RegExp
  /** possible names of a kernel's header package */
  readonly headers: (kernel: RpmKernel) => readonly string[]
  /** possible names of the package with the kernel's image */
  readonly images: (kernel: RpmKernel) => readonly string[]
  /** whether a package's release may be the kernel's release plus the number of a rebuild */
  readonly counted?: boolean
  readonly places: readonly RpmPlace[]
  readonly lists: 'signed' | 'unsigned'
  /** human-readable: why an operator has to name the places */
  readonly entitled?: string
}

/** `undefined` if no kernel of that distribution has this `uname -r`. */
export function kernelOf(row: RpmRow, unameRelease: string, arch: Arch): RpmKernel | undefined {
  const groups = unameRelease.length <= 200 ? row.kernels.exec(unameRelease)?.groups : undefined
  const { version, release, flavour = '', arch: named = arch } = groups ?? {}
  if (version === undefined || release === undefined || named !== arch) return undefined
  return { unameRelease, arch, version, release, flavour }
}

/** @throws {ProbeError} `unsupported-kernel` if no kernel of that distribution has this name. */
export function checkedKernel(row: RpmRow, target: string, { kernelRelease, arch }: NamedKernel): RpmKernel {
  const kernel = kernelOf(row, kernelRelease, arch)
  if (kernel !== undefined && seriesOf(kernelRelease) !== undefined) return kernel
  throw unsupported(
    `${kernelRelease} is not the release of an ${arch} kernel of ${target}: this kernel is not its own, or \`uname -r\` prints another name`,
  )
}

/** URLs of the repositories that may have packages of that kernel, in the order of the places. */
export function basesFor(places: readonly RpmPlace[], { unameRelease, arch }: RpmKernel): string[] {
  return places.flatMap(({ of, base }) => {
    const found = new RegExp(of).exec(unameRelease)
    if (found === null) return []
    const values: Readonly<Record<string, string | undefined>> = { ...found.groups, arch }
    const names = [...base.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    // Skips places whose URL needs a group that did not match, e.g. a minor release.
    if (names.some((name) => values[name] === undefined)) return []
    return [base.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')]
  })
}
