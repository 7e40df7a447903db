// Small kernels of Debian's source, made once for this user: one that clang built, since Debian has none, and those of other
// distributions, whose own cannot be reached from here.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, tell } from './builds/apt.ts'
import { packageBytes, packageVersion } from './builds/archive.ts'
import { sha256 } from './builds/build.ts'
import { composed } from './builds/roots.ts'

export interface SmallKernel {
  readonly config: string
  /** `uname -r` */
  readonly release: string
  /** that a machine boots */
  readonly image: Buffer
  /** folder of its build tree, as a package of headers has it */
  readonly tree: string
}

export interface SmallKernelOptions {
  /** command name, e.g. `clang-14` */
  readonly compiler: string
  /** what comes after the version in `uname -r`, e.g. `-1.el9.x86_64` */
  readonly localVersion: string
  /** third number of its version; absent: that of its source. Ubuntu's kernels say 0, whatever was put into them since */
  readonly patch?: number
}

const SOURCE = 'linux-source-6.1'
const SUITE = 'bookworm'

/** What a load test's machine and a driver ask of a kernel. */
const OPTIONS = [
  ...['64BIT', 'SMP', 'MULTIUSER', 'PRINTK', 'TTY', 'SERIAL_8250', 'SERIAL_8250_CONSOLE', 'ACPI', 'PCI'],
  ...['BLK_DEV_INITRD', 'BINFMT_ELF', 'BINFMT_SCRIPT', 'DEVTMPFS', 'PROC_FS', 'SYSFS', 'SHMEM', 'TMPFS'],
  ...['MODULES', 'MODULE_UNLOAD', 'KALLSYMS', 'KALLSYMS_ALL', 'FTRACE', 'FTRACE_SYSCALLS', 'PERF_EVENTS'],
  ...['BPF_SYSCALL', 'FUTEX', 'EPOLL', 'POSIX_TIMERS', 'NET', 'UNIX', 'INET', 'CGROUPS', 'CPUSETS'],
]

function toolsOf(compiler: string): string {
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

const script = ({ compiler, localVersion, patch }: SmallKernelOptions): string => `
ar p source.deb data.tar.xz | xz -dc | tar -xO --wildcards '*/usr/src/linux-source-*.tar.xz' | xz -dcT0 |
  tar -x --no-same-owner --exclude '*/Documentation/*/*'
cd linux-source-*${patch === undefined ? '' : `\nsed -i 's/^SUBLEVEL = .*/SUBLEVEL = ${patch}/' Makefile`}
make -s ${toolsOf(compiler)} tinyconfig
for option in ${OPTIONS.join(' ')}; do echo "CONFIG_$option=y"; done >>.config
echo 'CONFIG_LOCALVERSION="${localVersion}"' >>.config
make -s ${toolsOf(compiler)} olddefconfig
make -s -j$(nproc) ${toolsOf(compiler)} bzImage modules
cp .config ../config
cp include/config/kernel.release ../release
cp arch/x86/boot/bzImage ../image
mkdir ../tree
touch Module.symvers
{ find .config Makefile Module.symvers include scripts arch/x86/include -type f ! -name '*.o' ! -name '.*.cmd'
  find arch/x86 tools '(' -name 'Makefile*' -o -name '*.lds' -o -name objtool ')' -type f; } |
  sort -u | tar -c -T - | tar -x -C ../tree
`

const FILES = ['config', 'release', 'image', 'tree']

/** A crash leaves a folder that nobody takes for a kernel. */
export async function smallKernel(options: SmallKernelOptions): Promise<SmallKernel> {
  const root = await composed({ tag: 'compilers', commands: [options.compiler] }, SUITE)
  const id = sha256(`${packageVersion(SOURCE)} ${root.digest} ${script(options)}`).slice(0, 16)
  const folder = join(CACHE, `small-kernel-${id}`)
  if (!existsSync(folder)) make(root.folder, folder, options)
  const file = (name: string): Buffer => readFileSync(join(folder, name))
  return {
    config: file('config').toString(),
    release: file('release').toString().trim(),
    image: file('image'),
    tree: join(folder, 'tree'),
  }
}

function make(root: string, folder: string, options: SmallKernelOptions): void {
  tell(`making a kernel of ${SOURCE} with ${options.compiler}: some minutes`)
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'making-kernel-'))
  try {
    writeFileSync(join(made, 'source.deb'), packageBytes(SOURCE))
    const system = ['--ro-bind', join(root, 'usr'), '/usr', '--symlink', 'usr/bin', '/bin']
    const links = ['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--proc', '/proc']
    const places = ['--dev', '/dev', '--tmpfs', '/tmp', '--bind', made, '/made', '--chdir', '/made']
    const alone = [
      '--unshare-all',
      '--die-with-parent',
      '--clearenv',
      '--setenv',
      'PATH',
      '/usr/bin:/usr/sbin',
    ]
    execFileSync('bwrap', [...alone, ...system, ...links, ...places, 'sh', '-euc', script(options)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      maxBuffer: 1 << 26,
    })
    const whole = mkdtempSync(join(CACHE, 'kernel-'))
    for (const name of FILES) renameSync(join(made, name), join(whole, name))
    renameSync(whole, folder)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}
