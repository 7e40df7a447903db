// A kernel that a host submitted: all that decides what its probes are built from, on record once and for good.

import * as z from 'zod'
import { sha256, sha256Hex, storedSchema } from './digest.ts'
import { parseOwnJson, type Read } from './parse.ts'
import { ARCHES, type ConfigHash, type Probe } from './probe.ts'

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
  /** header packages in the distribution's archive, to be built against instead of the config */
  kernelUrls: z.array(z.string()),
  /** of the kernel's source, e.g. `6.1.192` */
  sourceVersion: z.string(),
  /** command name */
  compiler: z.string(),
  /** why a probe of that kind could never load there, unless it was forced */
  refused: z.object({ kmod: z.string().optional(), ebpf: z.string().optional() }),
})
export type SubmittedKernel = Read<typeof schema>

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

/** ProbeError `misconfigured`. */
export const decodeKernel = (text: string): RecordedKernel =>
  parseOwnJson(recorded, text, 'a submitted kernel on record', 'was the table written by hand?')
