// Selects the packages and suites of the loader's image.

import type { PackagesPorts } from '../../lib/archives/apt/packages.ts'
import type { Suite } from '../../lib/archives/apt/suite.ts'
import { type Root, rootOfSuites } from '../../lib/build/roots/roots.ts'
import type { AllSettings } from '../../lib/kernels/settings.ts'
import { isProbeError, ProbeError } from '../../lib/model/errors.ts'
import type { Arch } from '../../lib/model/probe.ts'
import type { Platform } from './layout.ts'

/** Debian 13, which has security updates until August 2028: https://www.debian.org/releases/trixie/ */
const SUITE = 'trixie'

/**
 * The tools that `falco-driver-loader --help` lists. busybox-static has the shell and all other tools. Its
 * applets cannot replace the listed packages: its insmod does not report why a kernel refused a module, its
 * wget sends a config to any redirect target, and it cannot unpack zstd.
 */
const PACKAGES = ['busybox-static', 'ca-certificates', 'curl', 'gpgv', 'kmod', 'zstd']

/** Only maintainer scripts use these packages, and the image runs no maintainer scripts. */
const SCRIPTS_ONLY = ['debconf', 'openssl']

const ARCHES: Readonly<Record<Platform, Arch>> = { amd64: 'x86_64', arm64: 'aarch64' }
export const PLATFORMS = Object.keys(ARCHES) as readonly Platform[]

export type Suites = readonly [Suite, Suite]

/** The suite and its security updates, from the mirrors in the settings. */
export function imageSuites({ roots, debian }: Pick<AllSettings, 'roots' | 'debian'>): Suites {
  const believed = {
    ...(roots.checkValidUntil === undefined ? {} : { checkValidUntil: roots.checkValidUntil }),
    ...(roots.ofThePast === undefined ? {} : { ofThePast: roots.ofThePast }),
  }
  return [
    { mirror: roots.mirror, suite: SUITE, ...believed },
    { mirror: debian.mirrors.security, suite: `${SUITE}-security`, ...believed },
  ]
}

/** @throws {ProbeError} as for `rootOfSuites`, with a fix in the message */
export async function imageRoot(ports: PackagesPorts, suites: Suites, platform: Platform): Promise<Root> {
  try {
    return await rootOfSuites(ports, suites, ARCHES[platform], { names: PACKAGES, without: SCRIPTS_ONLY })
  } catch (cause) {
    if (!isProbeError(cause)) throw cause
    throw new ProbeError(cause.code, `${cause.message}. ${wayOut(cause, suites, platform)}`, { cause })
  }
}

function wayOut({ code }: ProbeError, suites: Suites, platform: Platform): string {
  const mirrors = [...new Set(suites.map(({ mirror }) => mirror))].join(' and ')
  const others = 'name others in roots.mirror and debian.mirrors.security of --settings FILE'
  if (code !== 'headers-not-found')
    return `The packages of the image come from ${mirrors}: see that this machine reaches them, or ${others}`
  const other = PLATFORMS.find((one) => one !== platform)
  return `What the image is made of is not all at ${mirrors}: ${others}, or make it for the other architecture alone, by --arch ${other}`
}
