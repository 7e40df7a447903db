// What was decided before a build, written once: publish believes this, and nothing that the build says of itself.

import * as z from 'zod'
import { submittedPartsSchema } from '../model/kernel.ts'
import { parseOwnJson, type Read } from '../model/parse.ts'
import { imageSchema, objectionSchema, RECIPES, rootSchema, sourceSchema } from '../model/probe.ts'

/** Records of before had one format, and did not say it. */
const storedImage = imageSchema.extend({ format: imageSchema.shape.format.default('deb') })

/** What a load test of the probe is made with, once it is built. */
const loadTestRecord = z.object({
  unameRelease: z.string(),
  /** holds the kernel's image */
  image: storedImage,
})
export type LoadTestRecord = Read<typeof loadTestRecord>

const buildPlan = z.object({
  key: z.string(),
  claim: z.string(),
  attempt: z.number(),
  unameRelease: z.string(),
  compiler: z.string(),
  root: rootSchema.optional(),
  recipe: z.enum(RECIPES),
  driverSource: sourceSchema,
  /** packages and files that the kernel's build tree comes from */
  headers: z.array(sourceSchema),
  /** what a host submitted of the kernel */
  submitted: submittedPartsSchema.optional(),
  /** what speaks against the probe, and was overridden by who submitted its kernel */
  forced: z.array(objectionSchema).optional(),
  /** its tree is made of a config, and the build tells which options do not hold in it */
  ofConfig: z.literal(true).optional(),
  /** under which the tree that this build makes is kept */
  treeId: z.string().optional(),
  /** none where there is no image of this kernel */
  loadTest: loadTestRecord.optional(),
})
export type BuildPlan = Read<typeof buildPlan>

/** What of a plan is of the host that submitted the kernel. */
export type OfSubmission = Pick<BuildPlan, 'submitted' | 'forced'>

/** Bytes of a record at most: some twenty presigned URLs, of up to 2 KB each. */
export const MAX_ORDER = 256 * 1024

/** All that a build is started with; a repeated plan starts the very same build. */
const orderRecord = z.object({
  plan: buildPlan,
  /** text of the job document */
  job: z.string(),
  /** presigned GET of it */
  jobUrl: z.string(),
  /** digest of the root that the steps run in */
  stepsRoot: z.string(),
})
export type BuildOrderRecord = Read<typeof orderRecord>

export const encodeOrder = (order: BuildOrderRecord): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(order))

/** @throws {ProbeError} `misconfigured` when the object is not what `encodeOrder` wrote. */
export const decodeOrder = (body: Uint8Array): BuildOrderRecord =>
  parseOwnJson(orderRecord, new TextDecoder().decode(body), 'a staged plan.json', 'plan did not write it so')
