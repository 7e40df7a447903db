// What was decided before a build, written once: publish believes this, and nothing that the build says of itself.

import * as z from 'zod'
import { ProbeError } from '../model/errors.ts'
import { PACKAGE_FORMATS, type Package, type Source } from '../model/probe.ts'

/** What a load test of the probe is made with, once it is built. */
export interface LoadTestRecord {
  readonly unameRelease: string
  /** package that holds the kernel's image */
  readonly image: Package
}

export interface BuildPlan {
  readonly key: string
  readonly claim: string
  readonly attempt: number
  readonly unameRelease: string
  readonly compiler: string
  readonly recipe: 'makefile' | 'libs'
  readonly driverSource: Source
  /** packages and files that the kernel's build tree comes from */
  readonly headers: readonly Source[]
  /** under which the tree that this build makes is kept */
  readonly treeId?: string | undefined
  /** none where there is no image of this kernel */
  readonly loadTest?: LoadTestRecord | undefined
}

/** Bytes of a record at most: some twenty presigned URLs, of up to 2 KB each. */
export const MAX_ORDER = 256 * 1024

/** All that a build is started with; a repeated plan starts the very same build. */
export interface BuildOrderRecord {
  readonly plan: BuildPlan
  /** text of the job document */
  readonly job: string
  /** presigned GET of it */
  readonly jobUrl: string
}

const source = z.object({ name: z.string(), version: z.string(), url: z.string(), sha256: z.string() })
/** Records of before had one format, and did not say it. */
const pkg = source.extend({ bytes: z.number(), format: z.enum(PACKAGE_FORMATS).default('deb') })
const plan = z.object({
  key: z.string(),
  claim: z.string(),
  attempt: z.number(),
  unameRelease: z.string(),
  compiler: z.string(),
  recipe: z.enum(['makefile', 'libs']),
  driverSource: source,
  headers: z.array(source),
  treeId: z.string().optional(),
  loadTest: z.object({ unameRelease: z.string(), image: pkg }).optional(),
})

const schema = z.object({ plan, job: z.string(), jobUrl: z.string() })

export const encodeOrder = (order: BuildOrderRecord): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(order))

/** ProbeError `misconfigured` when the object is not what `encodeOrder` wrote. */
export function decodeOrder(body: Uint8Array): BuildOrderRecord {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch (cause) {
    throw new ProbeError('misconfigured', 'a staged plan.json is not one that plan wrote', { cause })
  }
}
