// Which kernels Debian's archive has today, as this machine's own apt sees it: no release is hard-coded.

import { sh } from './registry.ts'

export interface DebianKernel {
  /** what clients put into the name, e.g. `6.1.192-2-amd64` */
  readonly release: string
  /** e.g. `6.1.0-56-amd64` */
  readonly unameRelease: string
}

export const FLAVOURS = ['amd64', 'cloud-amd64', 'rt-amd64'] as const
export type Flavour = (typeof FLAVOURS)[number]

/** Kernels of a series (`6.1`, `6.12`) and flavour, newest first. */
export async function debianKernels(series: string, flavour: Flavour): Promise<DebianKernel[]> {
  const listed = await sh('apt-cache', [
    'search',
    '--names-only',
    `^linux-headers-${series.replace('.', '\\.')}\\.[0-9].*`,
  ])
  const names = listed.split('\n').map((line) => line.split(' ')[0] ?? '')
  const kernels: (DebianKernel & { version: string })[] = []
  for (const name of names) {
    const unameRelease = name.replace('linux-headers-', '')
    if (flavourOf(unameRelease) !== flavour) continue
    const shown = await sh('apt-cache', ['show', '--no-all-versions', name])
    const version = /^Version: (.*)$/m.exec(shown)?.[1]
    if (version === undefined) continue
    kernels.push({ unameRelease, version, release: `${version.split('~')[0]}-${flavour}` })
  }
  return kernels.sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))
}

const flavourOf = (unameRelease: string): string | undefined =>
  /^\d+\.\d+\.\d+(?:-\d+|\+deb\d+\w*)-((?:cloud-|rt-)?amd64)$/.exec(unameRelease)?.[1]

export async function newest(series: string, flavour: Flavour): Promise<DebianKernel> {
  const [kernel] = await debianKernels(series, flavour)
  if (kernel === undefined)
    throw new Error(`the archive has no ${series} kernel of flavour ${flavour}: run apt-get update`)
  return kernel
}
