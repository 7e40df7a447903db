// Makes jobs that build within a moment: a kernel tree and a driver of a few lines.

import { tarball } from './archive.ts'
import type { Build, Input } from './build.ts'

type Files = Readonly<Record<string, string>>

/** A driver source with these files, e.g. a `Makefile` whose first target is made, and a kernel tree with those. */
export const smallBuild = (
  files: Files,
  settings: Build['settings'] = {},
  tree: Files = { Makefile: 'all:\n' },
): Build => ({ settings, inputs: [input('header', below('tree', tree)), input('driver', files)] })

/** The same, with the tree of an earlier build. */
export const preparedBuild = (files: Files, tree: Files): Build => ({
  settings: { KERNEL: 'prepared', TREE: '-' },
  inputs: [input('prepared', tree), input('driver', files)],
})

const input = (role: Input['role'], files: Files): Input => ({
  role,
  format: 'tar.gz',
  body: tarball(files),
})

/** The same files in a folder. */
export const below = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]))

/** A kernel's source, whose `make olddefconfig` and `make modules_prepare` run these lines of sh with their target as $1. */
export const smallSource = (lines: readonly string[]): Files => ({
  'linux-1.2.3/Makefile': 'olddefconfig modules_prepare:\n\tsh ./run.sh $@\nall defconfig:\n',
  'linux-1.2.3/run.sh': `mkdir -p include/config include/generated\n${lines.join('\n')}\n`,
  ...Object.fromEntries(
    ['Kconfig', 'scripts/Makefile', 'tools/Makefile', 'arch/x86/include/a.h', 'arch/arm64/include/a.h'].map(
      (path) => [`linux-1.2.3/${path}`, ''],
    ),
  ),
})

/** A real module `scap`: lines of C that its init runs, and a line of sh before it is made. */
export const moduleFiles = ({ init = '', before = ':' } = {}): Files => ({
  Makefile: `obj-m := scap.o\nall:\n\t${before}\n\t$(MAKE) -C $(KERNELDIR) M=$(CURDIR) modules\n`,
  'scap.c': [
    '#include <linux/module.h>',
    '#include <linux/delay.h>',
    `static int __init start(void) { ${init} return 0; }`,
    'static void __exit stop(void) {}',
    'module_init(start); module_exit(stop); MODULE_LICENSE("GPL");',
    '',
  ].join('\n'),
})

/** `make` runs these lines of sh, all in one shell. */
export const making = (...lines: string[]): Files => ({
  Makefile: 'all:\n\tsh ./run.sh\n',
  'run.sh': `${lines.join('\n')}\n`,
})

/** Makes a file that a test can use as a probe if it does not read its content. */
export const GOOD = 'cp /usr/bin/true scap.ko'
