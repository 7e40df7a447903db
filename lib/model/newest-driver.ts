// Chooses the driver version for a host that requests no version: the newest one that supports its kernel.

import { entryOf } from './drivers.ts'
import { isProbeError, type ProbeError } from './errors.ts'
import type { Arch, DriverName, Kind } from './probe.ts'
import { compareSeries, seriesOf } from './series.ts'
import type { DriverVersions, Settings } from './settings.ts'
import { checkSupport, oldestKernel } from './support.ts'
import { UPSTREAM_DRIVERS } from './upstream-drivers.ts'

interface AskedKernel {
  readonly unameRelease: string
  readonly arch: Arch
  /** `undefined`: any */
  readonly driverName: DriverName | undefined
  /** empty: kmod is required, other kinds are optional */
  readonly kinds: readonly Kind[]
}

/**
 * `packaged`: versions that are available as packages, newest first. Prefers them to upstream's releases, because some machines
 * cannot reach upstream's archives. If no version supports the kernel, returns the one with the most helpful refusal: for a
 * kernel that is too old, the version with the oldest supported kernel; otherwise the newest version. `undefined`: no version has
 * that name and those kinds.
 */
export function newestDriver(
  settings: Pick<Settings, 'drivers' | 'driverCommits' | 'revoked'>,
  packaged: readonly string[],
  kernel: AskedKernel,
): string | undefined {
  const [kind = 'kmod', ...others] = kernel.kinds
  const asked = { ...kernel, kinds: [kind, ...others] }
  const served = [...packaged, ...UPSTREAM_DRIVERS].flatMap((driverVersion) => {
    const entry = entryOf(settings, driverVersion)
    if (entry === undefined || settings.revoked.includes(driverVersion) || !isBuiltSo(entry, asked)) return []
    return [{ driverVersion, refusal: refusalOf(entry, driverVersion, asked) }]
  })
  const good = served.find(({ refusal }) => refusal === undefined)
  const best = good ?? served.find(({ refusal }) => refusal?.code !== 'unsupported-kernel')
  if (best !== undefined) return best.driverVersion
  const oldest = (driverVersion: string) => oldestKernel({ driverVersion, kind, arch: kernel.arch })
  const versions = served.map(({ driverVersion }) => driverVersion)
  return versions.toSorted((a, b) => compareSeries(oldest(a), oldest(b)))[0]
}

const isBuiltSo = ({ names, kinds }: DriverVersions, asked: AskedKernel): boolean =>
  (asked.driverName === undefined || names.includes(asked.driverName)) &&
  asked.kinds.every((kind) => kinds.includes(kind))

function refusalOf(entry: DriverVersions, driverVersion: string, asked: AskedKernel): ProbeError | undefined {
  const series = seriesOf(asked.unameRelease)
  if (series === undefined) return undefined
  try {
    for (const kind of asked.kinds) checkSupport(entry, { driverVersion, kind, arch: asked.arch }, series)
    return undefined
  } catch (error) {
    if (isProbeError(error)) return error
    throw error
  }
}
