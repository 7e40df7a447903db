// Defines the record of a submitted kernel: everything that decides how its probes are built. A record never changes.

import * as z from 'zod'
import { sha256, sha256Hex, storedSchema } from './digest.ts'
import { parseOwnJson, type Read } from './parse.ts'
import { ARCHES, type ConfigHash, objectionSchema, type Probe } from './probe.ts'

const objections = z.array(objectionSchema).optional()

const schema = z.object({
  arch: z.enum(ARCHES),
  target: z.string(),
  kernelRelease: z.string(),
  kernelVersion: z.string(),
  /** `uname -r`; the vermagic of its modules starts with it */
  unameRelease: z.string(),
  /** sha256 of the host's decompressed config */
  configSha256: sha256Hex,
  configMd5: z.string(),
  /** the sanitized config, for builds */
  config: storedSchema,
  symvers: storedSchema.optional(),
  kheaders: storedSchema.optional(),
  /** sha256 of the text of /proc/version, without its last newline */
  procVersion: sha256Hex.optional(),
  /** URLs of header packages in the distribution's archive; builds use them instead of the config */
  kernelUrls: z.array(z.string()),
  /** version of the kernel's source, e.g. `6.1.192` */
  sourceVersion: z.string(),
  /** name of the compiler's command */
  compiler: z.string(),
  /** first line of the compiler's `--version`, as recorded in the config; older records lack it */
  compilerText: z.string().optional(),
  /** by kind: why its probe could never load; empty with `force` */
  refused: z.object({ kmod: z.string().optional(), ebpf: z.string().optional() }),
  /** also build probes that could never load */
  force: z.boolean(),
  /** with `force`: the objections that it overruled */
  forced: z.object({ kmod: objections, ebpf: objections }).optional(),
  /** option in the config that proves a source other than kernel.org's, e.g. `CONFIG_RHEL_DIFFERENCES` */
  patched: z.string().optional(),
})
export type SubmittedKernel = Read<typeof schema>

/** `force`, and the sha256 of each part of a submission that decides the bytes of its probes. */
export const submittedPartsSchema = z.object({
  config: sha256Hex,
  symvers: sha256Hex.optional(),
  kheaders: sha256Hex.optional(),
  procVersion: sha256Hex.optional(),
  kernelUrls: sha256Hex.optional(),
  force: z.boolean(),
})
export type SubmittedParts = Partial<Read<typeof submittedPartsSchema>>

export const submittedParts = (kernel: SubmittedKernel): Read<typeof submittedPartsSchema> => ({
  config: kernel.configSha256,
  symvers: kernel.symvers?.sha256,
  kheaders: kernel.kheaders?.sha256,
  procVersion: kernel.procVersion,
  kernelUrls: kernel.kernelUrls.length === 0 ? undefined : sha256(kernel.kernelUrls.join('\n')),
  force: kernel.force,
})

/**
 * True if nothing but the config and `uname -r` decides its probes. Only then may a name computed from these two resolve to it.
 * Otherwise the first submitter could choose the probes that later submitters get.
 */
export function isOfItsConfig(kernel: SubmittedKernel): boolean {
  const { config: _, force, ...others } = submittedParts(kernel)
  return !force && Object.values(others).every((part) => part === undefined)
}

/** True if its names contain `uname -r`. On Debian and Flatcar they contain the distribution's version instead. */
const isNamedByItself = (kernel: SubmittedKernel): boolean => kernel.kernelRelease === kernel.unameRelease

/** A kernel, and the 64 hex digits that its probes' names contain. */
const recorded = z.object({ config: sha256Hex, kernel: schema })
export type RecordedKernel = Read<typeof recorded>

type Named = Pick<Probe, 'arch' | 'target' | 'kernelRelease' | 'kernelVersion'>

/** Id of the record of the kernel in a name; `undefined`: the name is not of a submitted kernel. */
export function recordId(asked: Probe | ConfigHash): string | undefined {
  if ('configMd5' in asked) return idByMd5(asked)
  return asked.config === undefined ? undefined : idByName(asked.config, asked)
}

/** Id of the record for names with 64 hex digits. */
export const idByName = (config: string, { arch, target, kernelRelease, kernelVersion }: Named): string =>
  `${config}/${arch}/${target}_${kernelRelease}_${kernelVersion}`

/** Id of the record for names that the loaders of 2015 to 2020 request. */
export const idByMd5 = (kernel: Pick<SubmittedKernel, 'configMd5' | 'arch' | 'unameRelease'>): string =>
  `md5/${kernel.configMd5}/${kernel.arch}/${kernel.unameRelease}`

/** Digest of the complete record. Kernels with the same digest get the same probes. */
export const digestOf = (kernel: SubmittedKernel): string => sha256(JSON.stringify(schema.parse(kernel)))

/**
 * Candidates for the 64 hex digits of a kernel's record, in order of preference. The caller uses the first one that no other
 * kernel uses. The config's own digest is a candidate only if nothing else decides the bytes of the probes, so that the first
 * submitter decides nothing for others.
 */
export function configsOf(kernel: SubmittedKernel): readonly [string, ...string[]] {
  const all = digestOf(kernel)
  return isOfItsConfig(kernel) && isNamedByItself(kernel) ? [kernel.configSha256, all] : [all]
}

/** The probe of a recorded kernel. */
export const probeOfRecord = (
  { config, kernel }: RecordedKernel,
  { driverVersion, driverName, kind }: Pick<Probe, 'driverVersion' | 'driverName' | 'kind'>,
): Probe => ({
  driverVersion,
  arch: kernel.arch,
  driverName,
  target: kernel.target,
  kernelRelease: kernel.kernelRelease,
  kernelVersion: kernel.kernelVersion,
  kind,
  config,
})

export const encodeKernel = (record: RecordedKernel): string => JSON.stringify(record)

/** @throws {ProbeError} `misconfigured`. */
export const decodeKernel = (text: string): RecordedKernel =>
  parseOwnJson(
    recorded,
    text,
    'a submitted kernel on record',
    'did something else than the registry write the table?',
  )
