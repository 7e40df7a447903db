// What was decided before a build: publish believes this, and nothing that the build says of itself.

import * as z from 'zod'
import { ProbeError } from './errors.ts'
import type { Source } from './probe.ts'

export interface BuildPlan {
  readonly key: string
  readonly claim: string
  readonly attempt: number
  readonly unameRelease: string
  readonly tree: string
  readonly compiler: string
  readonly recipe: 'makefile' | 'cmake'
  readonly driverSource: Source
  readonly headers: readonly Source[]
}

const source = z.object({ name: z.string(), version: z.string(), url: z.string(), sha256: z.string() })
const schema = z.object({
  key: z.string(),
  claim: z.string(),
  attempt: z.number(),
  unameRelease: z.string(),
  tree: z.string(),
  compiler: z.string(),
  recipe: z.enum(['makefile', 'cmake']),
  driverSource: source,
  headers: z.array(source),
})

export const encodePlan = (plan: BuildPlan): Uint8Array => new TextEncoder().encode(JSON.stringify(plan))

/** ProbeError `misconfigured` when the object is not what `encodePlan` wrote. */
export function decodePlan(body: Uint8Array): BuildPlan {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch (cause) {
    throw new ProbeError('misconfigured', 'a staged plan.json is not one that plan wrote', { cause })
  }
}
