// A kernel that clang built, since Debian has none: a small one of Debian's source, made once for this user.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, tell } from './builds/apt.ts'
import { packageBytes, packageVersion } from './builds/archive.ts'
import { sha256 } from './builds/build.ts'
import { composed } from './builds/roots.ts'

export interface ClangKernel {
  readonly config: string
  /** `uname -r` */
  readonly release: string
  /** that a machine boots */
  readonly image: Buffer
}

const SOURCE = 'linux-source-6.1'
export const CLANG = 'clang-14'
const SUITE = 'bookworm'

/** What a load test's machine and a driver ask of a kernel. */
const OPTIONS = [
  ...['64BIT', 'SMP', 'MULTIUSER', 'PRINTK', 'TTY', 'SERIAL_8250', 'SERIAL_8250_CONSOLE', 'ACPI', 'PCI'],
  ...['BLK_DEV_INITRD', 'BINFMT_ELF', 'BINFMT_SCRIPT', 'DEVTMPFS', 'PROC_FS', 'SYSFS', 'SHMEM', 'TMPFS'],
  ...['MODULES', 'MODULE_UNLOAD', 'KALLSYMS', 'KALLSYMS_ALL', 'FTRACE', 'FTRACE_SYSCALLS', 'PERF_EVENTS'],
  ...['BPF_SYSCALL', 'FUTEX', 'EPOLL', 'POSIX_TIMERS', 'NET', 'UNIX', 'INET', 'CGROUPS', 'CPUSETS'],
]

const VERSION = CLANG.replace('clang', '')
const TOOLS = [
  ...[`CC=${CLANG}`, `HOSTCC=${CLANG}`, `LD=ld.lld${VERSION}`, `HOSTLD=ld.lld${VERSION}`],
  ...['AR', 'NM', 'OBJCOPY', 'OBJDUMP', 'READELF', 'STRIP'].map(
    (name) => `${name}=llvm-${name.toLowerCase()}${VERSION}`,
  ),
  ...['KBUILD_BUILD_USER=test', 'KBUILD_BUILD_HOST=test'],
].join(' ')

const SCRIPT = `
ar p source.deb data.tar.xz | xz -dc | tar -xO --wildcards '*/usr/src/linux-source-*.tar.xz' | xz -dcT0 |
  tar -x --no-same-owner --exclude '*/Documentation/*/*'
cd linux-source-*
make -s ${TOOLS} tinyconfig
for option in ${OPTIONS.join(' ')}; do echo "CONFIG_$option=y"; done >>.config
echo 'CONFIG_LOCALVERSION="-clang"' >>.config
make -s ${TOOLS} olddefconfig
make -s -j$(nproc) ${TOOLS} bzImage
cp .config ../config
cp include/config/kernel.release ../release
cp arch/x86/boot/bzImage ../image
`

/** A crash leaves a folder that nobody takes for a kernel. */
export async function clangKernel(): Promise<ClangKernel> {
  const root = await composed({ tag: 'compilers', commands: [CLANG] }, SUITE)
  const id = sha256(`${packageVersion(SOURCE)} ${root.digest} ${SCRIPT}`).slice(0, 16)
  const folder = join(CACHE, `clang-kernel-${id}`)
  if (!existsSync(folder)) make(root.folder, folder)
  const file = (name: string): Buffer => readFileSync(join(folder, name))
  return {
    config: file('config').toString(),
    release: file('release').toString().trim(),
    image: file('image'),
  }
}

function make(root: string, folder: string): void {
  tell(`making a kernel of ${SOURCE} with ${CLANG}: some minutes`)
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
    execFileSync('bwrap', [...alone, ...system, ...links, ...places, 'sh', '-euc', SCRIPT], {
      stdio: ['ignore', 'ignore', 'pipe'],
      maxBuffer: 1 << 26,
    })
    const whole = mkdtempSync(join(CACHE, 'kernel-'))
    for (const name of ['config', 'release', 'image']) renameSync(join(made, name), join(whole, name))
    renameSync(whole, folder)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}
