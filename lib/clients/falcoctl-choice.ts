// Refuses the drivers for which falcoctl sends no request.

import { ProbeError } from '../model/errors.ts'
import type { Arch, Kind, Probe } from '../model/probe.ts'
import { since, versionNumber } from './version.ts'

/** The facts by which falcoctl decides. `kernelRelease`: as parsed by falcoctl. */
type Choice = Pick<Probe, 'kind' | 'target' | 'arch' | 'kernelRelease'>

/** falcoctl's target for an unknown distribution. */
export const UNDETERMINED = 'undetermined'

/** Older versions request the configured driver for every kernel. */
const FIRST_TO_CHOOSE = '0.8.0'
const FIRST_WITHOUT_EBPF = '0.13.0'

/** The oldest supported kernels, from driverkit's table, which falcoctl uses. */
const OLDEST: Readonly<Record<Kind, Readonly<Record<Arch, string>>>> = {
  kmod: { x86_64: '2.6', aarch64: '3.16' },
  ebpf: { x86_64: '4.14', aarch64: '4.17' },
}

/** @throws {ProbeError} `unsupported-kind`, `unsupported-kernel`, `unknown-target`: falcoctl `version` sends no request. */
export function refuseUnasked(choice: Choice, version: string): void {
  const { kind, target } = choice
  if (target === UNDETERMINED)
    throw new ProbeError(
      'unknown-target',
      `falcoctl ${version} sends no request: /etc/os-release is missing, has no ID, or lacks a variable that the names of its distribution contain`,
    )
  if (kind === 'ebpf' && since(version, FIRST_WITHOUT_EBPF))
    throw new ProbeError('unsupported-kind', `falcoctl ${version} loads no ebpf probes`)
  if (!since(version, FIRST_TO_CHOOSE)) return
  if (kind === 'kmod' && takesNoModule(choice))
    throw new ProbeError(
      'unsupported-kind',
      `falcoctl ${version} sends no request for a kernel module on ${target === 'cos' ? 'Container-Optimized OS' : "Oracle's UEK"}`,
    )
  const oldest = oldestOf(choice, version)
  if (versionNumber(numbersOf(choice.kernelRelease)) < versionNumber(oldest))
    throw new ProbeError(
      'unsupported-kernel',
      `falcoctl ${version} requests ${kind} probes only from Linux ${oldest} on (${choice.arch})`,
    )
}

const takesNoModule = ({ target, kernelRelease }: Choice): boolean =>
  target === 'cos' || (target === 'ol' && kernelRelease.includes('uek'))

/** 0.13.0 raised the oldest kernel of x86_64. */
const oldestOf = ({ kind, arch }: Choice, version: string): string =>
  kind === 'kmod' && arch === 'x86_64' && since(version, '0.13.0') ? '3.10' : OLDEST[kind][arch]

const numbersOf = (kernelRelease: string): string => /^\d+(?:\.\d+)?/.exec(kernelRelease)?.[0] ?? '0'
