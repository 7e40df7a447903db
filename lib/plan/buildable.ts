// Checks whether a probe can be built. Pure, so that forged names cost nothing.

import { checkKernel, checkUnameRelease, seriesOfKernel } from '../kernels/targets.ts'
import { checkDriver, driverFor } from '../model/drivers.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { ARCHES, type Probe } from '../model/probe.ts'
import { type Series, seriesOf } from '../model/series.ts'
import type { Settings } from '../model/settings.ts'
import { checkSupport } from '../model/support.ts'
import { orSubmit, sentence } from '../model/way-out.ts'
import { fileOf } from '../names/file.ts'
import type { ConfigHashName } from '../names/grammar.ts'
import { withoutTarget } from '../names/lacking.ts'

/**
 * Does not check the name of a submitted kernel, whose record has the release.
 * @throws {ProbeError} `unknown-driver-version`, `unsupported-driver-name`, `unsupported-kind`,
 * `unknown-target`, `unsupported-kernel`, `known-to-fail`.
 */
export function checkBuildable(settings: Settings, asked: Probe | ConfigHashName): void {
  const entry = driverFor(settings, asked.driverVersion)
  checkDriver(settings, entry, asked)
  if (!('tag' in asked) && asked.config !== undefined) return
  const series = checkedSeries(asked)
  if (series !== undefined) checkSupport(entry, asked, series)
}

function checkedSeries(asked: Probe | ConfigHashName): Series | undefined {
  try {
    return seriesIn(asked)
  } catch (error) {
    if (!isProbeError(error, 'unsupported-kernel')) throw error
    throw new ProbeError(error.code, wayOut(asked, error.message), { cause: error })
  }
}

function seriesIn(asked: Probe | ConfigHashName): Series | undefined {
  if ('tag' in asked) {
    checkUnameRelease(asked)
    return seriesOf(asked.unameRelease)
  }
  if (asked.target === '') throw withoutTarget(fileOf(asked))
  checkKernel(asked)
  return seriesOfKernel(asked)
}

/** Suggests the other architecture if it has this kernel, else a submission, unless `why` names an engine. */
function wayOut(asked: Probe | ConfigHashName, why: string): string {
  const arch = ARCHES.find((one) => one !== asked.arch && isKernel({ ...asked, arch: one }))
  if (arch !== undefined)
    return `${sentence(why)} Ask for it as one of ${arch}, if that is the host's machine (uname -m)`
  return why.includes('modern_bpf') ? why : orSubmit(why)
}

function isKernel(asked: Probe | ConfigHashName): boolean {
  try {
    seriesIn(asked)
    return true
  } catch (error) {
    if (isProbeError(error)) return false
    throw error
  }
}
