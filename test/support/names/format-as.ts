// Formats the path with which each layout's clients request a probe: the inverse of the grammar, for its tests.

import type { Probe } from '../../../lib/model/probe.ts'
import { malformed } from '../../../lib/names/alphabet.ts'
import { fileOf } from '../../../lib/names/file.ts'
import {
  archOfRelease,
  isVersion,
  LAYOUTS,
  type ProbeLayout,
  repositoryOf,
} from '../../../lib/names/layouts.ts'

export const PROBE_LAYOUTS = (Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[]).filter(
  (id) => id !== 'config-hash',
)

/** The path of a probe in a layout. @throws {ProbeError} `malformed`: the layout cannot name it. */
export function formatAs(layout: ProbeLayout, probe: Probe): string {
  const { driverVersion, arch, config } = probe
  const file = fileOf(probe)
  const repository = repositoryOf(probe)
  switch (layout) {
    case 'current':
      return `/${repository}/${driverVersion}/${arch}/${file}`
    case 'escaped':
      return `/${encodeURIComponent(`${repository}/${driverVersion}/${arch}/${file}`)}`
    case 'scap':
      need(layout, probe.driverName === 'scap' && config === undefined)
      return `/scap-drivers/${driverVersion}/${arch}/${file}`
    default:
      need(layout, archOfRelease(probe.kernelRelease) === arch && isVersion(driverVersion))
      return `/${flatPrefix(layout, probe)}/${driverVersion}/${file}`
  }
}

function flatPrefix(
  layout: Exclude<ProbeLayout, 'current' | 'escaped' | 'scap'>,
  { driverName, kind, config }: Probe,
): string {
  switch (layout) {
    case 'flat':
      return repositoryOf({ config })
    case 'scap-flat':
      need(layout, driverName === 'scap' && config === undefined)
      return 'scap-drivers'
    case 'kernel-module':
      need(layout, kind === 'kmod' && config === undefined)
      return layout
    case 'ebpf-probe':
      need(layout, kind === 'ebpf' && config === undefined)
      return layout
  }
}

function need(layout: ProbeLayout, can: boolean): void {
  if (!can) throw malformed(`the layout ${layout} cannot name that probe`)
}
