// The current layout: {driverVersion}/{arch}/{name}_{target}_{kernelRelease}_{kernelVersion}.{ko|o}

import { ARCHES, type Arch, type DriverName, type Kind, type Probe } from '../probe.ts'
import { malformed, quote } from './alphabet.ts'

/** A probe and what stands beside it at its URL. */
export const COMPANIONS = ['asc', 'sha256', 'json', 'log'] as const
export type Companion = (typeof COMPANIONS)[number]

/** Longest file name; ext4 and the clients' own paths allow no more. */
const MAX_FILE = 255
const MAX_DRIVER_VERSION = 128

const DRIVER_VERSION = /^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/
const FILE = /^(falco|scap)_([A-Za-z0-9.-]*)_(.+)\.(ko|o)(?:\.(asc|sha256|json|log))?$/
const RELEASE = /^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/
const ONE_PART_VERSION = /^[A-Za-z0-9][A-Za-z0-9.+~-]*$/
const TWO_PART_VERSION = /^(.+)_(\d+_[A-Za-z0-9][A-Za-z0-9.+~-]*)$/

/** Targets whose kernel version has two parts, e.g. `1_1.26.0`: `_` alone does not tell where it begins. */
const TWO_PART_TARGETS: readonly string[] = ['minikube', 'talos', 'bottlerocket']

const EXTENSIONS: Readonly<Record<Kind, string>> = { kmod: 'ko', ebpf: 'o' }

export interface Name {
  readonly probe: Probe
  /** `undefined`: the probe itself */
  readonly companion: Companion | undefined
}

/** Parts `[driverVersion, arch, file]` of a path. ProbeError `malformed`. */
export function parseCurrent([driverVersion, arch, file, ...rest]: readonly string[]): Name {
  if (driverVersion === undefined || arch === undefined || file === undefined || rest.length > 0) {
    throw malformed('the path has not the four parts of a probe')
  }
  if (driverVersion.length > MAX_DRIVER_VERSION || !DRIVER_VERSION.test(driverVersion)) {
    throw malformed(`${quote(driverVersion)} is no driver version`)
  }
  if (!isArch(arch)) throw malformed(`${quote(arch)} is no arch: ${ARCHES.join(' or ')}`)
  const { companion, ...probe } = parseFile(file)
  return { probe: { driverVersion, arch, ...probe }, companion }
}

function parseFile(file: string): Omit<Probe, 'driverVersion' | 'arch'> & Pick<Name, 'companion'> {
  const match = file.length <= MAX_FILE ? FILE.exec(file) : null
  if (!match) throw malformed(`${quote(file)} is no file name of a probe`)
  const [, driverName, target = '', rest = '', extension, companion] = match
  const { kernelRelease, kernelVersion } = splitRelease(target, rest)
  return {
    driverName: driverName as DriverName,
    target,
    kernelRelease,
    kernelVersion,
    kind: extension === 'ko' ? 'kmod' : 'ebpf',
    companion: companion as Companion | undefined,
  }
}

/** From the right: `_` may occur in the release (`el8_10.x86_64`), and in the version of some targets. */
function splitRelease(target: string, rest: string): Pick<Probe, 'kernelRelease' | 'kernelVersion'> {
  const two = TWO_PART_TARGETS.includes(target) ? TWO_PART_VERSION.exec(rest) : null
  const at = two ? (two[1] ?? '').length : rest.lastIndexOf('_')
  const kernelRelease = rest.slice(0, at)
  const kernelVersion = rest.slice(at + 1)
  if (at < 1 || !RELEASE.test(kernelRelease)) throw malformed(`${quote(rest)} holds no kernel release`)
  if (!two && !ONE_PART_VERSION.test(kernelVersion)) throw malformed(`${quote(rest)} holds no kernel version`)
  return { kernelRelease, kernelVersion }
}

/** The probe's file name, e.g. `scap_debian_6.1.192-2-amd64_1.ko`. */
export const fileOf = (probe: Probe): string =>
  `${probe.driverName}_${probe.target}_${probe.kernelRelease}_${probe.kernelVersion}.${EXTENSIONS[probe.kind]}`

/** Parts of the path, undecorated; the inverse of `parseCurrent`. */
export const formatCurrent = (probe: Probe): readonly [string, string, string] => [
  probe.driverVersion,
  probe.arch,
  fileOf(probe),
]

const isArch = (text: string): text is Arch => (ARCHES as readonly string[]).includes(text)
