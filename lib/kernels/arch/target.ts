// Checks the names of Arch's kernels, and defines the target's settings.

import * as z from 'zod'
import { folderUrl } from '../../archives/apt/suite.ts'
import { eachOf } from '../../model/each.ts'
import { ARCHES } from '../../model/probe.ts'
import type { TargetFacts } from '../target.ts'
import { checkArch } from './names.ts'

const settings = z.object({
  /** by architecture: folders with `core.db` or `extra.db`; `{repository}` and `{arch}` are replaced */
  mirrors: z.object(eachOf(ARCHES, () => z.array(folderUrl))),
  /** by architecture: places with packages and databases that the repositories had in the past */
  archives: z.object(eachOf(ARCHES, () => z.array(z.object({ packages: folderUrl, snapshots: folderUrl })))),
  /** additional armored public keys that are trusted: for custom packages, or of a former packager */
  keys: z.array(z.string()),
})
export type ArchSettings = z.infer<typeof settings>

export const arch = {
  check: (request) => void checkArch(request),
  settings,
  defaults: {
    mirrors: {
      x86_64: [
        'https://geo.mirror.pkgbuild.com/{repository}/os/{arch}',
        'https://mirrors.edge.kernel.org/archlinux/{repository}/os/{arch}',
      ],
      aarch64: ['http://mirror.archlinuxarm.org/{arch}/{repository}'],
    },
    archives: {
      x86_64: [
        {
          packages: 'https://archive.archlinux.org/packages',
          snapshots: 'https://archive.archlinux.org/repos/{date}/{repository}/os/{arch}',
        },
      ],
      // Arch Linux ARM has no archive of its own. Packages of this one are trusted only by their signatures.
      aarch64: [
        {
          packages: 'https://alaa.ad24.cz/packages',
          snapshots: 'https://alaa.ad24.cz/repos/{date}/{arch}/{repository}',
        },
      ],
    },
    keys: [],
  },
} as const satisfies TargetFacts
