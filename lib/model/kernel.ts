// A kernel that a host submitted: all that decides what its probes are built from, on record once and for good.

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
  /** `uname -r`, with which the vermagic of its modules begins */
  unameRelease: z.string(),
  /** of the config as the host has it, decompressed */
  configSha256: sha256Hex,
  configMd5: z.string(),
  /** what builds see of the config */
  config: storedSchema,
  symvers: storedSchema.optional(),
  kheaders: storedSchema.optional(),
  /** of the text of /proc/version, without its last newline */
  procVersion: sha256Hex.optional(),
  /** header packages in the distribution's archive, to be built against instead of the config */
  kernelUrls: z.array(z.string()),
  /** of the kernel's source, e.g. `6.1.192` */
  sourceVersion: z.string(),
  /** command name */
  compiler: z.string(),
  /** of the config: the first line of that compiler's `--version`; none of records of before */
  compilerText: z.string().optional(),
  /** why a probe of that kind could never load there, unless it was forced */
  refused: z.object({ kmod: z.string().optional(), ebpf: z.string().optional() }),
  /** what could never load is built as well */
  force: z.boolean(),
  /** with `force`: why a probe of that kind would have been refused */
  forced: z.object({ kmod: objections, ebpf: objections }).optional(),
  /** the option of its config that shows that it is not kernel.org's, e.g. `CONFIG_RHEL_DIFFERENCES` */
  patched: z.string().optional(),
})
export type SubmittedKernel = Read<typeof schema>

/** The sha256 of each thing of a submission that decides the bytes of its probes, and `force`. */
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
 * Whether its config and `uname -r` are all that decides its probes. Only such a kernel may be reached by a name that is
 * computed of the two: whoever comes first must decide nothing for those who come later.
 */
export function isOfItsConfig(kernel: SubmittedKernel): boolean {
  const { config: _, force, ...others } = submittedParts(kernel)
  return !force && Object.values(others).every((part) => part === undefined)
}

/** Whether its names say its `uname -r`: on Debian and Flatcar they hold a version of the distribution in its place. */
const isNamedByItself = (kernel: SubmittedKernel): boolean => kernel.kernelRelease === kernel.unameRelease

/** A kernel with the 64 hex digits under which its probes are reached. */
const recorded = z.object({ config: sha256Hex, kernel: schema })
export type RecordedKernel = Read<typeof recorded>

type Named = Pick<Probe, 'arch' | 'target' | 'kernelRelease' | 'kernelVersion'>

/** Where the kernel of a name is on record; `undefined` for what no submission can decide. */
export function recordId(asked: Probe | ConfigHash): string | undefined {
  if ('configMd5' in asked) return idByMd5(asked)
  return asked.config === undefined ? undefined : idByName(asked.config, asked)
}

/** Where a kernel is on record under 64 hex digits. */
export const idByName = (config: string, { arch, target, kernelRelease, kernelVersion }: Named): string =>
  `${config}/${arch}/${target}_${kernelRelease}_${kernelVersion}`

/** Where it is on record for the loaders of 2015 to 2020. */
export const idByMd5 = ({
  configMd5,
  arch,
  unameRelease,
}: Pick<SubmittedKernel, 'configMd5' | 'arch' | 'unameRelease'>): string =>
  `md5/${configMd5}/${arch}/${unameRelease}`

/** Of everything in it: two kernels of one digest get the very same probes. */
export const digestOf = (kernel: SubmittedKernel): string => sha256(JSON.stringify(schema.parse(kernel)))

/**
 * The 64 hex digits under which a kernel may be on record, the first that no other kernel has. The config's own only
 * where nothing but the config decides the bytes: whoever was first decides nothing for others.
 */
export function configsOf(kernel: SubmittedKernel): readonly [string, ...string[]] {
  const all = digestOf(kernel)
  return isOfItsConfig(kernel) && isNamedByItself(kernel) ? [kernel.configSha256, all] : [all]
}

/** The probe of a kernel on record. */
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
