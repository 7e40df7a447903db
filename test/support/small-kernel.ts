// Builds small kernels from Debian's source, once per user: one with clang, because Debian has none, and stand-ins for kernels
// of other distributions, which this machine cannot reach.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, tell } from './builds/apt.ts'
import { packageBytes, packageVersion } from './builds/archive.ts'
import { sha256 } from './builds/build.ts'
import { composed } from './builds/roots.ts'
import { keep } from './keep.ts'

export interface SmallKernel {
  readonly config: string
  /** `uname -r` */
  readonly release: string
  /** a bootable kernel image */
  readonly image: Buffer
  /** folder of its build tree, in the form of a header package */
  readonly tree: string
}

interface SmallKernelOptions {
  /** command name, e.g. `clang-14` */
  readonly compiler: string
  /** the part after the version in `uname -r`, e.g. `-1.el9.x86_64` */
  readonly localVersion: string
  /** third number of its version; absent: that of its source. Ubuntu's kernels always have 0, in spite of later changes */
  readonly patch?: number
}

export const SOURCE = 'linux-source-6.1'
export const SUITE = 'bookworm'

/** Options that the load test's virtual machine and a driver need. */
export const OPTIONS = [
  ...['64BIT', 'SMP', 'MULTIUSER', 'PRINTK', 'TTY', 'SERIAL_8250', 'SERIAL_8250_CONSOLE', 'ACPI', 'PCI'],
  ...['BLK_DEV_INITRD', 'BINFMT_ELF', 'BINFMT_SCRIPT', 'DEVTMPFS', 'PROC_FS', 'SYSFS', 'SHMEM', 'TMPFS'],
  ...['MODULES', 'MODULE_UNLOAD', 'KALLSYMS', 'KALLSYMS_ALL', 'FTRACE', 'FTRACE_SYSCALLS', 'PERF_EVENTS'],
  ...['BPF_SYSCALL', 'FUTEX', 'EPOLL', 'POSIX_TIMERS', 'NET', 'UNIX', 'INET', 'CGROUPS', 'CPUSETS'],
]

export function toolsOf(compiler: string): string {
  const version = compiler.replace('clang', '')
  const clang = ['AR', 'NM', 'OBJCOPY', 'OBJDUMP', 'READELF', 'STRIP'].map(
    (name) => `${name}=llvm-${name.toLowerCase()}${version}`,
  )
  const linker = [`LD=ld.lld${version}`, `HOSTLD=ld.lld${version}`]
  return [
    ...[`CC=${compiler}`, `HOSTCC=${compiler}`, 'KBUILD_BUILD_USER=test', 'KBUILD_BUILD_HOST=test'],
    ...(compiler.startsWith('clang') ? [...linker, ...clang] : []),
  ].join(' ')
}

/** Compiles the source with one compiler, once for all kernels. */
const compile = (compiler: string): string => `
ar p source.deb data.tar.xz | xz -dc | tar -xO --wildcards '*/usr/src/linux-source-*.tar.xz' | xz -dcT0 |
  tar -x --no-same-owner --exclude '*/Documentation/*/*'
mv linux-source-* linux
cd linux
cp Makefile ../Makefile
make -s ${toolsOf(compiler)} tinyconfig
for option in ${OPTIONS.join(' ')}; do echo "CONFIG_$option=y"; done >>.config
make -s ${toolsOf(compiler)} olddefconfig
cp .config ../config
make -s -j$(nproc) ${toolsOf(compiler)} bzImage modules
`

/** Makes a kernel with its own name from that: little is recompiled. After a crash, the next make repairs the rest. */
const name = ({ compiler, localVersion, patch }: SmallKernelOptions): string => `
cd linux
sed '${patch === undefined ? '' : `s/^SUBLEVEL = .*/SUBLEVEL = ${patch}/`}' ../Makefile >Makefile
{ cat ../config; echo 'CONFIG_LOCALVERSION="${localVersion}"'; } >.config
make -s ${toolsOf(compiler)} olddefconfig
make -s -j$(nproc) ${toolsOf(compiler)} bzImage modules
cp .config /kernel/config
cp include/config/kernel.release /kernel/release
cp arch/x86/boot/bzImage /kernel/image
mkdir /kernel/tree
touch Module.symvers
{ find .config Makefile Module.symvers include scripts arch/x86/include -type f ! -name '*.o' ! -name '.*.cmd'
  find arch/x86 tools '(' -name 'Makefile*' -o -name '*.lds' -o -name objtool ')' -type f; } |
  sort -u | tar -c -T - | tar -x -C /kernel/tree
`

/** After a crash a folder remains, but under a name that no test uses. */
export async function smallKernel(options: SmallKernelOptions): Promise<SmallKernel> {
  const { compiler } = options
  const root = await composed({ tag: 'compilers', commands: [compiler] }, SUITE)
  const from = `${packageVersion(SOURCE)} ${root.digest} ${compile(compiler)}`
  const folder = join(CACHE, `small-kernel-${idOf(`${from} ${name(options)}`)}`)
  if (!existsSync(folder)) {
    const compiled = join(CACHE, `compiled-kernel-${idOf(from)}`)
    if (!existsSync(compiled)) compileIn(root.folder, compiled, compiler)
    nameIn(root.folder, compiled, folder, options)
  }
  const file = (path: string): Buffer => readFileSync(join(folder, path))
  return {
    config: file('config').toString(),
    release: file('release').toString().trim(),
    image: file('image'),
    tree: join(folder, 'tree'),
  }
}

const idOf = (text: string): string => sha256(text).slice(0, 16)

function compileIn(root: string, compiled: string, compiler: string): void {
  tell(`compiling a kernel of ${SOURCE} with ${compiler}: some minutes`)
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'making-kernel-'))
  try {
    writeFileSync(join(made, 'source.deb'), packageBytes(SOURCE))
    inRoot(root, { '/made': made }, compile(compiler))
    keep(made, compiled)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

function nameIn(root: string, compiled: string, folder: string, options: SmallKernelOptions): void {
  tell(`making a kernel that ends with ${options.localVersion}: half a minute`)
  const made = mkdtempSync(join(CACHE, 'making-kernel-'))
  try {
    inRoot(root, { '/made': compiled, '/kernel': made }, name(options))
    keep(made, folder)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

/** `places`: folders that the script may write to, by their paths inside; the script starts in /made. */
export function inRoot(root: string, places: Readonly<Record<string, string>>, script: string): void {
  const system = ['--ro-bind', join(root, 'usr'), '/usr', '--symlink', 'usr/bin', '/bin']
  const links = ['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--proc', '/proc']
  const writable = Object.entries(places).flatMap(([path, folder]) => ['--bind', folder, path])
  const alone = ['--unshare-all', '--die-with-parent', '--clearenv', '--setenv', 'PATH', '/usr/bin:/usr/sbin']
  const begin = ['--dev', '/dev', '--tmpfs', '/tmp', ...writable, '--chdir', '/made']
  execFileSync('bwrap', [...alone, ...system, ...links, ...begin, 'sh', '-euc', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 1 << 26,
  })
}
