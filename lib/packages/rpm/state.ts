// Stores the contents of an rpm repository as JSON. The lists are written from it, and never read back.

import * as z from 'zod'
import type { Pointer } from '../../model/pointer.ts'
import type { Store } from '../../model/ports.ts'
import { ARCHES } from '../../model/probe.ts'
import { readList } from '../lists.ts'
import { listedRpm } from './lists.ts'

const probeSchema = z.object({
  key: z.string(),
  listed: listedRpm,
  /**
   * the flavour package that requires the probe, and the requirement:
   * `(falco-probe-11.0.0+driver-5.14.0-427.el9.x86_64 if kernel-core = 5.14.0-427.el9)`
   */
  flavour: z.object({ name: z.string(), arch: z.enum(ARCHES), want: z.string() }).optional(),
})
/** A probe that is in the lists. */
export type ListedProbe = Readonly<z.infer<typeof probeSchema>>

const stateSchema = z.object({
  probes: z.array(probeSchema),
  /** also flavours without wants: hosts may have an older package, which requires withdrawn probes until this replaces it */
  flavours: z.array(z.object({ wants: z.array(z.string()), listed: listedRpm })),
})
export type State = z.infer<typeof stateSchema>

/** Name of this file in the pointer. */
export const STATE = 'state.json'
/** Half of the function's memory, in bytes. */
const MAX_STATE = 128 * 1024 * 1024

/** @throws {ProbeError} `misconfigured`, `too-large`. */
export async function readState(artifacts: Pick<Store, 'get'>, shown: Pointer | undefined): Promise<State> {
  const text = await readList(artifacts, 'rpm', shown?.files[STATE], MAX_STATE)
  return text === undefined ? { probes: [], flavours: [] } : stateSchema.parse(JSON.parse(text))
}

/** Replaces, adds or removes (`undefined`) the probe of that key. Returns `probes` itself if nothing changes. */
export function withProbe(
  probes: readonly ListedProbe[],
  key: string,
  probe: ListedProbe | undefined,
): readonly ListedProbe[] {
  const before = probes.find((one) => one.key === key)
  if (before?.listed.sha256 === probe?.listed.sha256) return probes
  const others = probes.filter((one) => one.key !== key)
  return [...others, ...(probe === undefined ? [] : [probe])].sort((a, b) => (a.key < b.key ? -1 : 1))
}
