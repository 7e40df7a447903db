// A submitted kernel: everything that decides its probes' builds, recorded once and never changed.

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
  /** of the host's config, decompressed */
  configSha256: sha256Hex,
  configMd5: z.string(),
  /** the sanitized config, for builds */
  config: storedSchema,
  symvers: storedSchema.optional(),
  kheaders: storedSchema.optional(),
  /** of the text of /proc/version, without its last newline */
  procVersion: sha256Hex.optional(),
  /** header packages in the distribution's archive, used in place of the config */
  kernelUrls: z.array(z.string()),
  /** version of the kernel's source, e.g. `6.1.192` */
  sourceVersion: z.string(),
  /** command name */
  compiler: z.string(),
  /** from the config: the first line of the compiler's `--version`; older records lack it */
  compilerText: z.string().optional(),
  /** why a probe of that kind could never load, unless forced */
  refused: z.object({ kmod: z.string().optional(), ebpf: z.string().optional() }),
  /** builds probes that could never load, too */
  force: z.boolean(),
  /** with `force`: objections that would have refused it */
  forced: z.object({ kmod: objections, ebpf: objections }).optional(),
  /** the config's option that shows a source other than kernel.org's, e.g. `CONFIG_RHEL_DIFFERENCES` */
  patched: z.string().optional(),
})
export type SubmittedKernel = Read<typeof schema>

/** The sha256 of each part of a submission that decides the bytes of its probes, and `force`. */
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
 * True if config and `uname -r` alone decide its probes. Only then may a name computed from these two lead to it: the first
 * submitter must not decide what later ones get.
 */
export function isOfItsConfig(kernel: SubmittedKernel): boolean {
  const { config: _, force, ...others } = submittedParts(kernel)
  return !force && Object.values(others).every((part) => part === undefined)
}

/** True if its names have its `uname -r`: on Debian and Flatcar they have the distribution's version instead. */
const isNamedByItself = (kernel: SubmittedKernel): boolean => kernel.kernelRelease === kernel.unameRelease

/** A kernel with the 64 hex digits in its probes' names. */
const recorded = z.object({ config: sha256Hex, kernel: schema })
export type RecordedKernel = Read<typeof recorded>

type Named = Pick<Probe, 'arch' | 'target' | 'kernelRelease' | 'kernelVersion'>

/** Id of the record of a name's kernel; `undefined`: not a submitted kernel's name. */
export function recordId(asked: Probe | ConfigHash): string | undefined {
  if ('configMd5' in asked) return idByMd5(asked)
  return asked.config === undefined ? undefined : idByName(asked.config, asked)
}

/** Id of the record by 64 hex digits. */
export const idByName = (config: string, { arch, target, kernelRelease, kernelVersion }: Named): string =>
  `${config}/${arch}/${target}_${kernelRelease}_${kernelVersion}`

/** Id of the record for the loaders of 2015 to 2020. */
export const idByMd5 = ({
  configMd5,
  arch,
  unameRelease,
}: Pick<SubmittedKernel, 'configMd5' | 'arch' | 'unameRelease'>): string =>
  `md5/${configMd5}/${arch}/${unameRelease}`

/** Digest of everything in it: two kernels with one digest get the same probes. */
export const digestOf = (kernel: SubmittedKernel): string => sha256(JSON.stringify(schema.parse(kernel)))

/**
 * The 64 hex digits for a kernel's record; the first that no other kernel uses counts. The config's own digest only where the
 * config alone decides the bytes, so that the first submitter decides nothing for others.
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
  parseOwnJson(recorded, text, 'a submitted kernel on record', 'was the table written by hand?')
