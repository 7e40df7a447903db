// Finds places that may have a kernel's packages: mirrors have the current kernel, archives also older ones.

import { orAway } from '../../archives/away.ts'
import { fetchPacman, type ListedPacman } from '../../archives/pacman/database.ts'
import { MAX_SIGNATURE } from '../../archives/trust.ts'
import { ProbeError } from '../../model/errors.ts'
import type { Fetch } from '../../model/ports.ts'
import type { ArchKernel } from './names.ts'
import type { WantedPacman } from './packages.ts'
import type { ArchSettings } from './target.ts'

/** A place that seems to have the package of a kernel's headers. */
export interface Candidate {
  readonly headers: WantedPacman
  /**
   * Looks for the kernel's own package in a list. `built`: when its headers were built, in seconds since
   * 1970.
   * @throws {ProbeError} `mirror-unreachable` if a list that may have it could not be read.
   */
  readonly image: (built: number) => Promise<ListedPacman | undefined>
}

type Look = Candidate | ProbeError

const isKernel = (name: string): boolean => /^linux(?:-|$)/.test(name)

/** Yields one place after another. Asks a place only after all earlier ones have failed. */
export async function* candidates(fetch: Fetch, settings: ArchSettings, kernel: ArchKernel) {
  yield* inMirrors(fetch, settings, kernel)
  yield* inArchives(fetch, settings, kernel)
}

const headersOf = ({ name }: ArchKernel): string => `${name}-headers`

/** All mirrors have the same packages, so the first readable list decides. */
async function* inMirrors(fetch: Fetch, { mirrors }: ArchSettings, kernel: ArchKernel): AsyncGenerator<Look> {
  for (const mirror of mirrors[kernel.arch]) {
    const list = await orAway(fetchPacman(fetch, filled(mirror, kernel), kernel.repository, isKernel))
    if (list instanceof ProbeError) {
      yield list
      continue
    }
    const headers = listedAs(list, kernel, headersOf(kernel))
    if (headers !== undefined)
      yield { headers, image: async () => listedAs(list, kernel, kernel.name, headers.version) }
    return
  }
}

/** Finds the package of that name for the kernel's architecture, in `version` or in any of its versions. */
export function listedAs(
  list: readonly ListedPacman[],
  { arch, versions }: ArchKernel,
  name: string,
  version?: string,
): ListedPacman | undefined {
  const wanted = version === undefined ? versions : [version]
  return wanted.flatMap((one) =>
    list.filter((pkg) => pkg.name === name && pkg.version === one && pkg.arch === arch),
  )[0]
}

/** Arch uses zstd since January 2020. */
const FORMATS = ['zst', 'xz'] as const

/** File names are predictable. The small signature next to a package shows whether it exists. */
async function* inArchives(fetch: Fetch, settings: ArchSettings, kernel: ArchKernel): AsyncGenerator<Look> {
  const { arch, versions } = kernel
  const name = headersOf(kernel)
  for (const { packages, snapshots } of settings.archives[arch])
    for (const version of versions)
      for (const format of FORMATS) {
        const url = `${packages}/${name[0]}/${name}/${name}-${version}-${arch}.pkg.tar.${format}`
        const look = await orAway(fetch(`${url}.sig`, { maxBytes: MAX_SIGNATURE }))
        if (look instanceof ProbeError) {
          yield look
          continue
        }
        const signature = Buffer.from(look).toString('base64')
        yield {
          headers: { name, version, arch, url, signature },
          image: (built) => inSnapshots(fetch, snapshotsAfter(snapshots, built), kernel, version),
        }
      }
}

const DAY = 24 * 3600
/** Days after the build. A kernel is tested for days, and then stays in core for a week or longer. */
const DAYS_LATER = [1, 3, 5, 8, 12]

const snapshotsAfter = (snapshots: string, built: number): string[] =>
  DAYS_LATER.map((days) => {
    const date = new Date((built + days * DAY) * 1000).toISOString().slice(0, 10)
    return snapshots.replaceAll('{date}', date.replaceAll('-', '/'))
  })

/**
 * Looks for the kernel's package in the databases of several days, because only they have its digest. Some
 * days have no database.
 */
async function inSnapshots(
  fetch: Fetch,
  snapshots: readonly string[],
  kernel: ArchKernel,
  version: string,
): Promise<ListedPacman | undefined> {
  let away: ProbeError | undefined
  for (const snapshot of snapshots) {
    const list = await orAway(fetchPacman(fetch, filled(snapshot, kernel), kernel.repository, isKernel))
    if (list instanceof ProbeError) {
      if (list.code === 'mirror-unreachable') away = list
      continue
    }
    const found = listedAs(list, kernel, kernel.name, version)
    if (found !== undefined) return found
  }
  if (away !== undefined) throw away
  return undefined
}

const filled = (place: string, { repository, arch }: ArchKernel): string =>
  place.replaceAll('{repository}', repository).replaceAll('{arch}', arch)
