// Encodes the build definition, which is written once before the build. publish trusts it, and trusts no report of the build.

import * as z from 'zod'
import { submittedPartsSchema } from '../model/kernel.ts'
import { parseOwnJson, type Read } from '../model/parse.ts'
import { imageSchema, objectionSchema, RECIPES, rootSchema, sourceSchema } from '../model/probe.ts'

/** Older records lack the format, which was always deb. */
const storedImage = imageSchema.extend({ format: imageSchema.shape.format.default('deb') })

const loadTestRecord = z.object({
  unameRelease: z.string(),
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
  /** packages and files of the kernel's build tree */
  headers: z.array(sourceSchema),
  /** digests of the submitted files */
  submitted: submittedPartsSchema.optional(),
  /** objections that the submission overrode */
  forced: z.array(objectionSchema).optional(),
  /** the build makes the tree from a config, and must report options that changed in it */
  ofConfig: z.literal(true).optional(),
  /** cache id of the tree that this build makes */
  treeId: z.string().optional(),
  /** absent: no image of this kernel exists, or load tests are off */
  loadTest: loadTestRecord.optional(),
})
export type BuildPlan = Read<typeof buildPlan>

/** The part of a plan that comes from a submission. */
export type OfSubmission = Pick<BuildPlan, 'submitted' | 'forced'>

/** In bytes: enough for some twenty presigned URLs of up to 2 KB each. */
export const MAX_ORDER = 256 * 1024

/** A repeated plan reads this record, and so starts exactly the same build. */
const orderRecord = z.object({
  plan: buildPlan,
  /** text of the job document */
  job: z.string(),
  /** presigned URL to GET the job document */
  jobUrl: z.string(),
  /** digest of the root that the steps run in */
  stepsRoot: z.string(),
})
export type BuildOrderRecord = Read<typeof orderRecord>

/** The same for a load test, which follows the plan of its build. */
export const testOrder = orderRecord.omit({ plan: true })

export const encodeOrder = (order: BuildOrderRecord): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(order))

/** @throws {ProbeError} `misconfigured`: `encodeOrder` did not write the object. */
export const decodeOrder = (body: Uint8Array): BuildOrderRecord =>
  parseOwnJson(orderRecord, new TextDecoder().decode(body), 'a staged plan.json', 'plan did not write it so')
