// The cells of the matrix, a driver version, a kernel and a kind each, and their results.

import * as z from 'zod'
import { DEFAULTS } from '../lib/kernels/settings.ts'
import { driverFor } from '../lib/model/drivers.ts'
import { type DriverName, KINDS, type Kind } from '../lib/model/probe.ts'
import type { Settings } from '../lib/model/settings.ts'
import type { DebianKernel } from '../test/support/registry/kernels.ts'

/** One probe to try. */
export interface Cell {
  readonly driverVersion: string
  readonly driverName: DriverName
  readonly kernel: Pick<DebianKernel, 'release' | 'series'>
  readonly kind: Kind
}

const outcome = z.discriminatedUnion('result', [
  /** its own kernel loaded it; `events`: number of captured events, absent if capturing was not tried */
  z.object({ result: z.literal('loaded'), events: z.int().optional() }),
  /** built, but nobody tried to load it */
  z.object({ result: z.literal('built') }),
  /** built, but its own kernel refused it or captured no events; `error`: the reason */
  z.object({ result: z.literal('not-loaded'), error: z.string() }),
  /** `error`: the first compiler error, or the reason why there was no build */
  z.object({ result: z.literal('failed'), error: z.string() }),
])
export type Outcome = z.infer<typeof outcome>

/** The result of one cell, as results.json stores it. */
const seen = z.object({
  driverVersion: z.string(),
  kind: z.enum(KINDS),
  /** kernel series, e.g. `6.1` */
  series: z.string(),
  /** e.g. `6.1.192-2-amd64` */
  kernel: z.string(),
  /** the plan's choice, e.g. `gcc-12`; absent if there was no build */
  compiler: z.string().optional(),
  outcome,
})
export type Seen = z.infer<typeof seen>

export const resultsSchema = z.array(seen)

export const sameCell = (a: Seen, b: Seen): boolean =>
  a.driverVersion === b.driverVersion && a.kind === b.kind && a.series === b.series

/** All cells that the catalogue supports, ordered by kernel so that each root is composed only once. */
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
