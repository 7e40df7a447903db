// Requests probes from a running registry, like its clients.

import { join } from 'node:path'
import { debianKernels, FLAVOURS, type Flavour, pinned } from './kernels.ts'
import { ask, curl, DRIVER_VERSION } from './registry.ts'

const MINUTES = 60_000
/** A client's own timeout, slightly above that of the registry's answers. */
const SECONDS = '70'

/** Requests `probe.ko` into the folder like falcoctl and the loader, until it is there or refused: curl's exit code. */
export async function downloaded(url: string, folder: string): Promise<number> {
  const end = Date.now() + 6 * MINUTES
  for (;;) {
    const { code } = await curl(['-fsSL', '-o', join(folder, 'probe.ko'), '--max-time', SECONDS, url])
    const { status, body } = await ask(`${url}.json`)
    if (code === 0 || status !== 200 || JSON.parse(body).state === 'failed' || Date.now() > end) return code
  }
}

export const about = async (url: string) => JSON.parse((await ask(`${url}.json`)).body)

/** The path for the driver that tests build, e.g. for `6.1.192-2-amd64`. */
export const probePath = (release: string, extension: 'ko' | 'o' = 'ko'): string =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_${release}_1.${extension}`

/** The path for the pinned kernel. */
export const pinnedPath = (flavour: Flavour, extension?: 'ko' | 'o'): string =>
  probePath(pinned('6.1', flavour).release, extension)

/** The paths for every 6.1 kernel in the archive, in both kinds. */
export const allPaths = (): string[] =>
  FLAVOURS.flatMap((flavour) => debianKernels('6.1', flavour)).flatMap(({ release }) => [
    probePath(release),
    probePath(release, 'o'),
  ])
