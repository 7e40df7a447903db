// What the matrix is made of: a driver version, a kernel, a kind; and what became of it.

import * as z from 'zod'
import { DEFAULTS } from '../lib/kernels/settings.ts'
import { driverFor } from '../lib/model/drivers.ts'
import { type DriverName, KINDS, type Kind } from '../lib/model/probe.ts'
import type { Settings } from '../lib/model/settings.ts'
import type { DebianKernel } from '../test/support/registry/kernels.ts'

/** One probe to be tried. */
export interface Cell {
  readonly driverVersion: string
  readonly driverName: DriverName
  readonly kernel: Pick<DebianKernel, 'release' | 'series'>
  readonly kind: Kind
}

const outcome = z.discriminatedUnion('result', [
  /** its own kernel loaded it; `events`: that were captured, none where that was not tried */
  z.object({ result: z.literal('loaded'), events: z.int().optional() }),
  /** nobody tried to load it */
  z.object({ result: z.literal('built') }),
  /** it was built, and its own kernel refused it or saw nothing; `error`: the reason */
  z.object({ result: z.literal('not-loaded'), error: z.string() }),
  /** `error`: the compiler's first, or why there was no build */
  z.object({ result: z.literal('failed'), error: z.string() }),
])
export type Outcome = z.infer<typeof outcome>

/** What was seen of one cell, as results.json keeps it. */
const seen = z.object({
  driverVersion: z.string(),
  kind: z.enum(KINDS),
  /** of kernels, e.g. `6.1` */
  series: z.string(),
  /** e.g. `6.1.192-2-amd64` */
  kernel: z.string(),
  /** as the plan chose it, e.g. `gcc-12`; none where it came to no build */
  compiler: z.string().optional(),
  outcome,
})
export type Seen = z.infer<typeof seen>

export const resultsSchema = z.array(seen)

export const sameCell = (a: Seen, b: Seen): boolean =>
  a.driverVersion === b.driverVersion && a.kind === b.kind && a.series === b.series

/** Of each kernel each driver version in each kind that the catalogue serves it in, so that a root is composed but once. */
export const cellsOf = (
  catalogue: Settings['drivers'],
  versions: readonly string[],
  kernels: readonly Cell['kernel'][],
  { kinds }: { readonly kinds: readonly Kind[] },
): Cell[] =>
  kernels.flatMap((kernel) =>
    versions.flatMap((driverVersion) => {
      const { names, kinds: served } = driverFor({ ...DEFAULTS, drivers: catalogue }, driverVersion)
      const driverName = names[0] ?? 'falco'
      return served
        .filter((kind) => kinds.includes(kind))
        .map((kind) => ({ driverVersion, driverName, kernel, kind }))
    }),
  )
