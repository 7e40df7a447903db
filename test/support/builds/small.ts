// Jobs that build in a moment: a kernel tree and a driver of a few lines.

import { tarball } from './archive.ts'
import type { Build, Input } from './build.ts'

const header: Input = {
  role: 'header',
  format: 'tar.gz',
  body: tarball({ 'tree/Makefile': 'all:\n' }),
}

/** A driver source with these files, e.g. a `Makefile` whose first target is made. */
export function smallBuild(files: Readonly<Record<string, string>>, settings: Build['settings'] = {}): Build {
  return { settings, inputs: [header, { role: 'driver', format: 'tar.gz', body: tarball(files) }] }
}

/** A kernel's source, whose `make olddefconfig` and `make modules_prepare` run these lines of sh with their target as $1. */
export const smallSource = (lines: readonly string[]): Readonly<Record<string, string>> => ({
  'linux-1.2.3/Makefile': 'olddefconfig modules_prepare:\n\tsh ./run.sh $@\nall:\n',
  'linux-1.2.3/run.sh': `mkdir -p include/config include/generated\n${lines.join('\n')}\n`,
  ...Object.fromEntries(
    ['Kconfig', 'scripts/Makefile', 'tools/Makefile', 'arch/x86/include/a.h', 'arch/arm64/include/a.h'].map(
      (path) => [`linux-1.2.3/${path}`, ''],
    ),
  ),
})

/** `make` runs these lines of sh, all in one shell. */
export const making = (...lines: string[]): Readonly<Record<string, string>> => ({
  Makefile: 'all:\n\tsh ./run.sh\n',
  'run.sh': `${lines.join('\n')}\n`,
})

/** What passes for a probe where nobody looks into it. */
export const GOOD = 'cp /usr/bin/true scap.ko'
