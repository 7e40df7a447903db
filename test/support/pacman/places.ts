// Makes a folder with the same files and paths as a mirror of Arch Linux and as its archive.

import { join } from 'node:path'
import type { ArchSettings } from '../../../lib/kernels/arch/target.ts'
import {
  type DatabaseOptions,
  listPacman,
  type PacmanSigner,
  type PacmanSpec,
  packPacman,
} from './repository.ts'

export interface Placed {
  readonly spec: PacmanSpec
  /** its signer; `undefined`: the package is unsigned */
  readonly by?: PacmanSigner | undefined
}

function put(folder: string, { spec, by }: Placed): { file: string; spec: PacmanSpec } {
  const file = packPacman(folder, spec)
  by?.sign(file)
  return { file, spec }
}

/** Makes a repository of the mirror, e.g. `core`. */
export function makeRepository(
  root: string,
  repository: string,
  packages: readonly Placed[],
  options: DatabaseOptions & { readonly arch?: string } = {},
): void {
  const folder = join(root, 'mirror', repository, 'os', options.arch ?? 'x86_64')
  listPacman(
    folder,
    repository,
    packages.map((one) => put(folder, one)),
    options,
  )
}

/** Puts the packages into the archive, and into its snapshot of a day. */
export function makeArchive(
  root: string,
  packages: readonly Placed[],
  snapshot?: { readonly date: string; readonly repository: string },
): void {
  const placed = packages.map((one) => put(join(root, 'archive/packages/l', one.spec.name), one))
  if (snapshot === undefined) return
  const { date, repository } = snapshot
  listPacman(join(root, 'archive/repos', date, repository, 'os/x86_64'), repository, placed)
}

/** The settings with their URLs; `url`: the URL of the served folder. */
export function placesAt(url: string, keys: readonly string[]): ArchSettings {
  const mirrors = [`${url}/mirror/{repository}/os/{arch}`]
  const archives = [
    {
      packages: `${url}/archive/packages`,
      snapshots: `${url}/archive/repos/{date}/{repository}/os/{arch}`,
    },
  ]
  return {
    mirrors: { x86_64: mirrors, aarch64: mirrors },
    archives: { x86_64: archives, aarch64: archives },
    keys: [...keys],
  }
}
