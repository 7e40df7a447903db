// Parses and formats the file name of a probe: {name}_{target}_{kernelRelease}_{kernelVersion}.{ko|o}

import type { DriverName, Kind, Probe } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { malformed } from './alphabet.ts'
import { refuseWithoutRelease } from './lacking.ts'

/** Suffixes of a probe's sidecars. */
export const COMPANIONS = ['asc', 'sha256', 'json', 'log'] as const
export type Companion = (typeof COMPANIONS)[number]

/** The properties of a probe that its file name contains. */
export type FileFacts = Omit<Probe, 'driverVersion' | 'arch'>

/** Maximum length of a file name. ext4 and the clients' own paths allow no more. */
export const MAX_FILE = 255

/**
 * The loader of April 2020 wrote `falco-probe_` in place of `falco_`. A release begins with a digit, so the first `_` before a
 * digit ends the target. The target may be empty, and may contain `_`, because os-release allows it.
 */
const FILE =
  /^(falco(?=_|-probe_)|scap(?=_))(?:-probe)?_((?:[A-Za-z0-9.-]|_(?!\d))*)_(\d[A-Za-z0-9.+~_-]*)\.(ko|o)(?:\.(asc|sha256|json|log))?$/
const ONE_PART_VERSION = /^(.+)_([A-Za-z0-9][A-Za-z0-9.+~-]*)$/
const TWO_PART_VERSION = /^(.+)_(\d+_[A-Za-z0-9][A-Za-z0-9.+~-]*)$/

/** Targets whose kernel version has two parts, e.g. `1_1.26.0`. For these, the version contains the last `_`. */
const TWO_PART_TARGETS: readonly string[] = ['minikube', 'talos', 'bottlerocket']

export const extensionOf = (kind: Kind): string => (kind === 'kmod' ? 'ko' : 'o')
export const kindOf = (extension: string | undefined): Kind => (extension === 'ko' ? 'kmod' : 'ebpf')

/** @throws {ProbeError} `malformed`. */
export function parseFile(file: string): { facts: FileFacts; companion: Companion | undefined } {
  const match = file.length <= MAX_FILE ? FILE.exec(file) : null
  if (!match) throw malformed(`${quote(file)} is not the file name of a probe`)
  refuseWithoutRelease(file)
  const [, driverName, target = '', rest = '', extension, companion] = match
  const name = { driverName: driverName as DriverName, target, ...splitRelease(target, rest) }
  return { facts: { ...name, kind: kindOf(extension) }, companion: companion as Companion | undefined }
}

/** Splits from the right: the release may contain `_` (`el8_10.x86_64`), and so may the version of some targets. */
function splitRelease(target: string, rest: string): Pick<Probe, 'kernelRelease' | 'kernelVersion'> {
  const two = TWO_PART_TARGETS.includes(target) ? TWO_PART_VERSION.exec(rest) : null
  const [, kernelRelease, kernelVersion] = two ?? ONE_PART_VERSION.exec(rest) ?? []
  if (kernelRelease === undefined || kernelVersion === undefined)
    throw malformed(`${quote(rest)} has no kernel version`)
  return { kernelRelease, kernelVersion }
}

/** The probe's file name, e.g. `scap_debian_6.1.192-2-amd64_1.ko`. */
export const fileOf = (probe: FileFacts): string =>
  `${probe.driverName}_${probe.target}_${probe.kernelRelease}_${probe.kernelVersion}.${extensionOf(probe.kind)}`
