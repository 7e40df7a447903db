// Can this probe be built at all? Pure: a forged name is refused here and costs nothing.

import { checkKernel, checkUnameRelease, seriesOfKernel } from '../kernels/targets.ts'
import { checkDriver, driverFor } from '../model/drivers.ts'
import type { Probe } from '../model/probe.ts'
import { type Series, seriesOf } from '../model/series.ts'
import type { Settings } from '../model/settings.ts'
import { checkSupport } from '../model/support.ts'
import { type ConfigHashName, fileOf } from '../names/grammar.ts'
import { withoutTarget } from '../names/lacking.ts'

/**
 * ProbeError `unknown-driver-version`, `unsupported-driver-name`, `unsupported-kind`, `unknown-target`,
 * `unsupported-kernel`, `known-to-fail`. Of a submitted kernel the record knows the release, and its name need not.
 */
export function checkBuildable(settings: Settings, asked: Probe | ConfigHashName): void {
  const entry = driverFor(settings, asked.driverVersion)
  checkDriver(entry, asked)
  if (!('tag' in asked) && asked.config !== undefined) return
  const series = checkedSeries(asked)
  if (series !== undefined) checkSupport(entry, asked, series)
}

function checkedSeries(asked: Probe | ConfigHashName): Series | undefined {
  if ('tag' in asked) {
    checkUnameRelease(asked)
    return seriesOf(asked.unameRelease)
  }
  if (asked.target === '') throw withoutTarget(fileOf(asked))
  checkKernel(asked)
  return seriesOfKernel(asked)
}
