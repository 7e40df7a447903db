// What a repository has, kept beside its lists, so that these are written without reading them.

import * as z from 'zod'
import { sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { listObject } from '../../model/keys.ts'
import type { Pointer } from '../../model/pointer.ts'
import type { Store } from '../../model/ports.ts'
import { ARCHES } from '../../model/probe.ts'
import { listedRpm } from './lists.ts'

const probeSchema = z.object({
  key: z.string(),
  listed: listedRpm,
  /** which flavour's package leads to it, and how */
  flavour: z.object({ name: z.string(), arch: z.enum(ARCHES), want: z.string() }).optional(),
})
/** A probe that is in the lists. */
export type ListedProbe = Readonly<z.infer<typeof probeSchema>>

const stateSchema = z.object({
  probes: z.array(probeSchema),
  /** each that there ever was: without one that needs nothing, hosts would keep one that needs what is gone */
  flavours: z.array(z.object({ wants: z.array(z.string()), listed: listedRpm })),
})
export type State = z.infer<typeof stateSchema>

/** In the pointer. */
export const STATE = 'state.json'
/** What a function can hold, twice. */
const MAX_STATE = 128 * 1024 * 1024

/** Nothing where there is none. ProbeError `misconfigured`, `too-large`. */
export async function readState(artifacts: Pick<Store, 'get'>, shown: Pointer | undefined): Promise<State> {
  const stored = shown?.files[STATE]
  if (stored === undefined) return { probes: [], flavours: [] }
  const body = await artifacts.get(listObject('rpm', stored.sha256), MAX_STATE)
  // What is read here is signed anew.
  if (body === undefined || sha256(body) !== stored.sha256)
    throw new ProbeError('misconfigured', `the state ${stored.sha256} is not what it was, or is gone`)
  return stateSchema.parse(JSON.parse(Buffer.from(body).toString()))
}

/** With that of the probe and no other of it, sorted; the very same where that changes nothing. */
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
