// Defines the schemas of the API's answers: they validate and type the answers, and describe them in /openapi.json.

import * as z from 'zod'
import { MAX_IGNORED } from '../kconfig/parse.ts'
import { sha256Hex } from '../model/digest.ts'
import type { Read } from '../model/parse.ts'
import { ARCHES, DRIVER_NAMES, KINDS, loadTestSchema, provenanceSchema } from '../model/probe.ts'

const path = z.string().startsWith('/').describe('URL reference, relative to the registry')

const probeState = z.enum(['not-built', 'building', 'published', 'failed', 'refused'])

/** States of probes in lists. */
export const listedState = probeState.extract(['building', 'published', 'failed'])

/** One probe, in a list, in the answer to a submission, and as its own resource. */
export const probeView = z.strictObject({
  id: z.string().describe('opaque; of GET /v1/probes/{id}'),
  driverVersion: z.string(),
  driverName: z.enum(DRIVER_NAMES),
  kind: z.enum(KINDS),
  arch: z.enum(ARCHES),
  target: z.string(),
  kernelRelease: z.string(),
  kernelVersion: z.string(),
  config: sha256Hex.optional().describe('of a kernel that was submitted: the part of its URL after /config/'),
  state: probeState.describe(
    'refused: it could never load there, and is not built unless forced; or it was withdrawn',
  ),
  url: path.describe('of the probe itself; append .asc, .sha256, .json or .log for its sidecars'),
  follow: path.describe('this resource: GET it with ?wait= seconds'),
  log: path.optional().describe('build log, while it runs too'),
  reason: z.string().optional().describe('why it failed or was refused'),
  detail: z.string().optional().describe('human-readable, with what to do'),
  retryAt: z.iso.datetime().optional().describe('before it, a failed probe is not built again'),
  sha256: sha256Hex.optional().describe('of the published bytes'),
  bytes: z.int().positive().optional(),
})
export type ProbeView = Read<typeof probeView>

const verdictView = z.strictObject({
  kind: z.enum(KINDS),
  code: z.string(),
  option: z.string().describe('the deciding option, or the first comment of the config'),
  blocks: z.boolean().describe('whether a probe of that kind could never load, or not be the right one'),
  detail: z.string(),
})

const engineView = z.strictObject({
  answer: z
    .enum(['yes', 'maybe', 'no'])
    .describe('maybe: the command line, Secure Boot or the way of building decides'),
  byDefault: z
    .enum(['loads', 'refused', 'loads-if-built-so'])
    .describe('with Secure Boot off and no such option on the command line'),
  reasons: z
    .array(
      z.strictObject({
        code: z.string(),
        option: z.string().describe('the deciding option of the config, or a version'),
        effect: z.enum(['prevents', 'may-prevent', 'note']).describe('note: changes no answer'),
        detail: z.string().describe('human-readable: what happens, and what to do'),
        source: z.string().describe('source of the fact'),
      }),
    )
    .min(1),
})

/** The compatibility check of a kernel, in the answers to submissions and to questions. */
const judged = {
  contradictions: z
    .array(z.strictObject({ between: z.array(z.string()).length(2), detail: z.string() }))
    .describe('facts that contradict each other, by the names of their fields'),
  ignored: z
    .array(z.strictObject({ field: z.string(), why: z.string() }))
    .describe('unusable facts: which, why, and what follows'),
  advice: z
    .array(z.string())
    .describe('human-readable, the most important first: whether a probe is needed at all'),
  summary: z
    .strictObject({ modernEbpf: engineView, kmod: engineView, ebpf: engineView })
    .describe('whether each engine of Falco runs on this kernel'),
  compiler: z.strictObject({
    command: z.string().describe('the compiler that builds the module'),
    family: z.enum(['gcc', 'clang']),
    version: z.string().describe('of the compiler that built the kernel'),
    from: z.enum(['config', 'proc-version', 'kernel-version']),
    exact: z
      .boolean()
      .describe('whether the command is of the family and major version that built the kernel'),
    detail: z.string(),
  }),
  verdicts: z
    .array(verdictView)
    .describe('the compatibility check of probes that are built from this config'),
}

export const verdictsAnswer = z.strictObject(judged)
export type VerdictsAnswer = Read<typeof verdictsAnswer>

export const submissionAnswer = z.strictObject({
  ...judged,
  config: z.strictObject({
    sha256: sha256Hex.describe('of the config as the host has it, decompressed'),
    md5: z.string().regex(/^[0-9a-f]{32}$/),
    neutralized: z
      .array(z.strictObject({ option: z.string(), was: z.string(), now: z.string() }))
      .describe('options that name files or commands: no build sees their values'),
    ignored: z
      .array(z.strictObject({ line: z.int().positive(), text: z.string(), why: z.string() }))
      .max(MAX_IGNORED)
      .describe('the first lines that were ignored, completely or in part'),
    ignoredLines: z.int().nonnegative().describe('how many lines were ignored'),
  }),
  kernel: z.strictObject({
    arch: z.enum(ARCHES),
    target: z.string(),
    kernelRelease: z.string().describe('as the host’s own loader writes it'),
    kernelVersion: z.string(),
    unameRelease: z.string(),
  }),
  repository: path.describe('the repository for an unmodified client, below the registry'),
  probes: z.array(probeView).min(1),
})
export type SubmissionAnswer = Read<typeof submissionAnswer>

export const probeList = z.strictObject({
  probes: z.array(probeView),
  next: z.string().optional().describe('more may follow: ask again with ?cursor= this'),
})
export type ProbeList = Read<typeof probeList>

export const driverVersionList = z.strictObject({
  driverVersions: z.array(
    z.strictObject({
      about: z.string().describe('human-readable: which versions'),
      match: z.string().describe('the same as an anchored regular expression'),
      names: z.array(z.enum(DRIVER_NAMES)),
      kinds: z.array(z.enum(KINDS)),
    }),
  ),
  packaged: z
    .array(z.string())
    .describe("versions that the archive's suites have, or had, as a package, newest first"),
  revoked: z.array(z.string()),
  submitted: z.array(z.string()).describe('versions that a submission gets unless it names others'),
})

export const targetList = z.strictObject({
  targets: z.array(
    z.strictObject({
      target: z.string(),
      from: z.enum(['headers', 'config']).describe('headers: built by name; config: its kernel is submitted'),
      about: z.string(),
    }),
  ),
})

/** Problem details of RFC 9457. */
export const problemView = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  code: z.string(),
  field: z.string().optional().describe('the missing, unknown or malformed field of the body or query'),
})

/** The explanation of a name, from lib/clients/explain.ts. */
export const explanationView = z.discriminatedUnion('tag', [
  z.looseObject({
    tag: z.literal('probe'),
    layout: z.string(),
    parts: z.looseObject({ driverVersion: z.string(), kernelRelease: z.string() }),
    canonical: z.string(),
    aliased: z.boolean(),
    clients: z.array(z.string()),
    notes: z.array(z.string()),
  }),
  z.looseObject({
    tag: z.literal('config-hash'),
    layout: z.string(),
    parts: z.looseObject({ driverVersion: z.string(), configMd5: z.string() }),
    clients: z.array(z.string()),
  }),
  z.strictObject({ tag: z.literal('malformed'), why: z.string() }),
])

/** The status document, `.json`, from lib/serve/states.ts. */
export const storyView = z.looseObject({
  state: z.enum(['building', 'failed', 'published']),
  url: path,
  attempt: z.int(),
  links: z.record(z.string(), path),
  manifest: provenanceSchema.optional().describe('its provenance: driver source and packages'),
  loadTest: loadTestSchema
    .optional()
    .describe('the result when its own kernel loaded it in a virtual machine'),
  withdrawn: z
    .strictObject({ reason: z.string(), at: z.iso.datetime() })
    .optional()
    .describe('it is not served any more'),
})
