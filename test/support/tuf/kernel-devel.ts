// A kernel's build tree as a kmod kit has it, made of Debian's source once for this user: the sources of its tools and none of
// them made, and a Makefile that makes them before any module.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileInDeb } from '../../../lib/formats/deb.ts'
import { CACHE, tell } from '../builds/apt.ts'
import { packageBytes, packageVersion } from '../builds/archive.ts'
import { sha256 } from '../builds/build.ts'
import { composed } from '../builds/roots.ts'
import { debianKernels } from '../registry/kernels.ts'
import { inRoot, OPTIONS, SOURCE, SUITE, toolsOf } from '../small-kernel.ts'

export interface KernelDevel {
  /** `uname -r` */
  readonly release: string
  readonly tree: string
  /** that a machine boots; none of one that was only prepared */
  readonly image?: Buffer
}

const COMPILER = 'gcc-12'
/** As Bottlerocket's, a release without a word after the number; `OBJTOOL` is made, too, as theirs is. */
const MORE = ['UNWINDER_ORC', 'STACK_VALIDATION']

/** Ours, to the same end as Bottlerocket's two patches. */
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

/** What is in it is what packages/kernel-6.1 of Bottlerocket puts there. */
const script = (made: 'prepared' | 'whole') => `
ar p source.deb data.tar.xz | xz -dc | tar -xO --wildcards '*/usr/src/linux-source-*.tar.xz' | xz -dcT0 |
  tar -x --no-same-owner --exclude '*/Documentation/*/*'
cd linux-source-*
make -s ${toolsOf(COMPILER)} tinyconfig
for option in ${[...OPTIONS, ...MORE].join(' ')}; do echo "CONFIG_$option=y"; done >>.config
make -s ${toolsOf(COMPILER)} olddefconfig
${
  made === 'whole'
    ? `make -s -j$(nproc) ${toolsOf(COMPILER)} bzImage modules; cp arch/x86/boot/bzImage ../image; touch Module.symvers`
    : `make -s -j$(nproc) ${toolsOf(COMPILER)} modules_prepare; cp ../symvers Module.symvers; touch System.map`
}
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

/** `whole`: with an image, in some minutes. A crash leaves a folder that nobody takes for one. */
export async function kernelDevel(made: 'prepared' | 'whole'): Promise<KernelDevel> {
  const root = await composed({ tag: 'compilers', commands: [COMPILER] }, SUITE)
  const id = sha256(`${packageVersion(SOURCE)} ${root.digest} ${RULES} ${script(made)}`).slice(0, 16)
  const folder = join(CACHE, `kernel-devel-${id}`)
  if (!existsSync(folder)) await make(root.folder, folder, made)
  const release = readFileSync(join(folder, 'release'), 'utf8').trim()
  const tree = join(folder, 'tree')
  return made === 'whole' ? { release, tree, image: readFileSync(join(folder, 'image')) } : { release, tree }
}

async function make(root: string, folder: string, made: 'prepared' | 'whole'): Promise<void> {
  tell(`making a kernel's build tree of ${SOURCE}: ${made === 'whole' ? 'some minutes' : 'a minute'}`)
  mkdirSync(CACHE, { recursive: true })
  const work = mkdtempSync(join(CACHE, 'making-kernel-devel-'))
  try {
    writeFileSync(join(work, 'source.deb'), packageBytes(SOURCE))
    writeFileSync(join(work, 'rules'), RULES)
    if (made === 'prepared') writeFileSync(join(work, 'symvers'), await symversOfDebian())
    inRoot(root, { '/made': work }, script(made))
    const whole = mkdtempSync(join(CACHE, 'kernel-devel-'))
    for (const name of ['release', 'tree', ...(made === 'whole' ? ['image'] : [])])
      renameSync(join(work, name), join(whole, name))
    renameSync(whole, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** No kernel was made whose own they could be; without versions of symbols their names are enough to build a module. */
async function symversOfDebian(): Promise<string> {
  const [kernel] = debianKernels('6.1', 'amd64')
  if (kernel === undefined) throw new Error("no 6.1 kernel is in Debian's archive")
  const { name } = kernel.headers
  const file = await fileInDeb(packageBytes(name), `usr/src/${name}/Module.symvers`, 1 << 24)
  return Buffer.from(file ?? [])
    .toString()
    .replaceAll(/^0x[0-9a-f]+/gm, '0x00000000')
}
