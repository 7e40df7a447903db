// Makes a kernel's build tree like that in a kmod kit, from Debian's source, once per user. It has the sources of its tools,
// not built, and a Makefile that builds them before any module.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, tell } from '../builds/apt.ts'
import { packageBytes, packageVersion } from '../builds/archive.ts'
import { sha256 } from '../builds/build.ts'
import { composed } from '../builds/roots.ts'
import { keep } from '../keep.ts'
import { inRoot, OPTIONS, SOURCE, SUITE, toolsOf } from '../small-kernel.ts'

export interface KernelDevel {
  /** `uname -r` */
  readonly release: string
  readonly tree: string
  /** a bootable kernel image */
  readonly image: Buffer
}

const COMPILER = 'gcc-12'
/** As in Bottlerocket, the release has no word after the number, and these options require `OBJTOOL`. */
const MORE = ['UNWINDER_ORC', 'STACK_VALIDATION']

/** The test's own rules, with the same effect as Bottlerocket's two patches. */
const RULES = `
PHONY += tools-of-kit
tools-of-kit:
	$(Q)$(MAKE) $(build)=scripts/basic
	$(Q)$(MAKE) $(build)=scripts/mod
	$(Q)$(MAKE) $(build)=scripts
prepare: tools-of-kit
ifdef CONFIG_OBJTOOL
prepare: tools/objtool
tools/objtool: FORCE
	$(Q)mkdir -p $(objtree)/tools
	$(Q)$(MAKE) LDFLAGS= MAKEFLAGS= O=$(abspath $(objtree)) subdir=tools -C $(srctree)/tools/ objtool
endif
`

/** The tree gets the same files as from Bottlerocket's packages/kernel-6.1. */
const SCRIPT = `
ar p source.deb data.tar.xz | xz -dc | tar -xO --wildcards '*/usr/src/linux-source-*.tar.xz' | xz -dcT0 |
  tar -x --no-same-owner --exclude '*/Documentation/*/*'
cd linux-source-*
make -s ${toolsOf(COMPILER)} tinyconfig
for option in ${[...OPTIONS, ...MORE].join(' ')}; do echo "CONFIG_$option=y"; done >>.config
make -s ${toolsOf(COMPILER)} olddefconfig
make -s -j$(nproc) ${toolsOf(COMPILER)} bzImage modules
cp arch/x86/boot/bzImage ../image
touch Module.symvers
cp include/config/kernel.release ../release
find arch scripts tools -type f -executable -exec sh -c 'head -c4 "$1" | grep -q ELF && rm "$1"' _ {} ';'
find . -type f '(' -name '*.cmd' -o -name '*.gitignore' ')' -delete
sed -i '/^build-dir := $(KBUILD_EXTMOD)/r ../rules' Makefile
chmod 600 System.map
mkdir ../tree
{ find * -type f '(' -name 'Build*' -o -name 'Kbuild*' -o -name 'Kconfig*' -o -name 'Makefile*' ')'
  find arch/x86 -type f '(' -name module.lds -o -name vmlinux.lds.S -o -name Platform -o -name '*.tbl' ')'
  find arch/x86/include arch/x86/lib -type f ! -name '*.o' ! -name '*.o.d' ! -name '*.a'
  find arch/x86/tools include -type f ! -name '*.o'
  find scripts -type f ! -name '*.l' ! -name '*.y' ! -name '*.o'
  find tools/arch/x86 tools/include tools/objtool tools/scripts tools/lib/subcmd -type f ! -name '*.o' ! -name '*.a'
  ls arch/x86/kernel/asm-offsets.s tools/build/fixdep.c kernel/bounds.c kernel/time/timeconst.bc
  ls tools/lib/ctype.c tools/lib/hweight.c tools/lib/rbtree.c tools/lib/string.c tools/lib/str_error_r.c
  ls .config Module.symvers System.map; } |
  sort -u | tar -c -T - | tar -x -C ../tree
`

/** Takes some minutes. After a crash a folder remains, but under a name that no test uses. */
export async function kernelDevel(): Promise<KernelDevel> {
  const root = await composed({ tag: 'compilers', commands: [COMPILER] }, SUITE)
  const id = sha256(`${packageVersion(SOURCE)} ${root.digest} ${RULES} ${SCRIPT}`).slice(0, 16)
  const folder = join(CACHE, `kernel-devel-${id}`)
  if (!existsSync(folder)) make(root.folder, folder)
  const release = readFileSync(join(folder, 'release'), 'utf8').trim()
  return { release, tree: join(folder, 'tree'), image: readFileSync(join(folder, 'image')) }
}

function make(root: string, folder: string): void {
  tell(`making a kernel's build tree of ${SOURCE}: some minutes`)
  mkdirSync(CACHE, { recursive: true })
  const work = mkdtempSync(join(CACHE, 'making-kernel-devel-'))
  try {
    writeFileSync(join(work, 'source.deb'), packageBytes(SOURCE))
    writeFileSync(join(work, 'rules'), RULES)
    inRoot(root, { '/made': work }, SCRIPT)
    const whole = mkdtempSync(join(CACHE, 'kernel-devel-'))
    for (const name of ['release', 'tree', 'image']) renameSync(join(work, name), join(whole, name))
    keep(whole, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
