// Refuses driver versions that cannot work on a kernel, before any build. Makes no calls, so a refusal costs nothing.

import { isBetween } from './driver-numbers.ts'
import { entryOf } from './drivers.ts'
import { ProbeError } from './errors.ts'
import type { SubmittedKernel } from './kernel.ts'
import { KNOWN_FAILURES, type KnownFailure } from './known-failures.ts'
import { OLDEST_KERNELS } from './oldest-kernels.ts'
import type { Probe } from './probe.ts'
import { compareSeries, formatSeries, type Series, seriesOf } from './series.ts'
import type { DriverVersions, Settings } from './settings.ts'

type OfDriver = Pick<Probe, 'driverVersion' | 'kind' | 'arch'>

/** @throws {ProbeError} `unsupported-kernel`: the kernel is too old; `known-to-fail`: a trial showed that it does not compile. */
export function checkSupport(
  { knownFailures }: Pick<DriverVersions, 'knownFailures'>,
  driver: OfDriver,
  kernel: Series,
): void {
  const { kind, driverVersion } = driver
  const oldest = oldestKernel(driver)
  if (compareSeries(kernel, oldest) < 0) {
    throw new ProbeError(
      'unsupported-kernel',
      `kernel ${formatSeries(kernel)} is older than ${formatSeries(oldest)}, the oldest that driver version ${driverVersion} supports with its ${kind} probe. Upgrade the host${insteadOf(driver, kernel)}`,
    )
  }
  const failure = knownFailures === 'tried' ? undefined : knownFailure(driver, kernel)
  if (failure !== undefined) throw new ProbeError('known-to-fail', tell(driver, kernel, failure))
}

/** Human-readable alternatives for that kernel; empty: there are none. */
function insteadOf(driver: OfDriver, kernel: Series): string {
  const { kind, arch, driverVersion } = driver
  const upstream = (version: string): boolean => version.endsWith('+driver')
  const module = kind === 'ebpf' && compareSeries(kernel, oldestKernel({ ...driver, kind: 'kmod' })) >= 0
  // Only versions of the same line, because users of Falco cannot use a distribution's package.
  const older = OLDEST_KERNELS.find(
    ({ drivers: [first], kernels }) =>
      upstream(first) === upstream(driverVersion) && compareSeries(kernel, kernels[arch][kind]) >= 0,
  )
  return [
    module ? ', or use its kernel module (kmod)' : '',
    older === undefined ? '' : `, or use one of the driver versions ${older.drivers.join(' to ')}`,
  ].join('')
}

/** `checkSupport` for a submitted kernel. Does nothing if the submitter forced the build. */
export function checkSubmitted(
  settings: Pick<Settings, 'drivers' | 'driverCommits'>,
  driver: OfDriver,
  { unameRelease, force }: Pick<SubmittedKernel, 'unameRelease' | 'force'>,
): void {
  const series = seriesOf(unameRelease)
  const entry = entryOf(settings, driver.driverVersion)
  if (series !== undefined && entry !== undefined && !force) checkSupport(entry, driver, series)
}

/** The oldest kernel that a driver version supports. A version without a row counts as the newest. */
export function oldestKernel({ driverVersion, kind, arch }: OfDriver): Series {
  const row = OLDEST_KERNELS.find(({ drivers: [first, last] }) => isBetween(driverVersion, first, last))
  return (row ?? OLDEST_KERNELS[0]).kernels[arch][kind]
}

export const knownFailure = (
  { driverVersion, kind }: Pick<OfDriver, 'driverVersion' | 'kind'>,
  kernel: Series,
): KnownFailure | undefined =>
  KNOWN_FAILURES.find(
    ({ drivers: [first, last], kinds, from, to }) =>
      isBetween(driverVersion, first, last) &&
      kinds.includes(kind) &&
      compareSeries(kernel, from) >= 0 &&
      (to === undefined || compareSeries(kernel, to) <= 0),
  )

const tell = ({ driverVersion, kind }: OfDriver, kernel: Series, failure: KnownFailure): string =>
  `the ${kind} probe of driver version ${driverVersion} does not compile for kernel ${formatSeries(kernel)}: ${failure.why}. ${failure.instead}. It was tried for kernel ${formatSeries(failure.tried)}, and the compiler said: ${failure.error}`
