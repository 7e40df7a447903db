// Makes a build tree of Debian's kernel in the form of other distributions: in one folder, with a release name of theirs.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageBytes } from '../builds/archive.ts'
import { debianKernels } from '../registry/kernels.ts'

export interface DevelTree {
  /** `uname -r` */
  readonly release: string
  readonly tree: string
}

const MERGE = `
for deb in *.deb; do dpkg-deb -x "$deb" root; done
cp -rL root/usr/src/linux-headers-*-common tree
rm -rf root/usr/src/linux-headers-*-amd64/Makefile
cp -rL root/usr/src/linux-headers-*-amd64/. tree
rm -f tree/vmlinux
`

/**
 * `localVersion`: the part after the version, e.g. `-1.el9.x86_64`; `patch`: the third number of the version, if it differs
 * from that of Debian's kernel. No Debian kernel would load a module from this tree.
 */
export function debianTree(work: string, localVersion: string, patch?: number): DevelTree {
  const [kernel] = debianKernels('6.1', 'amd64')
  if (kernel === undefined) throw new Error("no 6.1 kernel is in Debian's archive")
  mkdirSync(work, { recursive: true })
  const { unameRelease } = kernel
  const common = unameRelease.replace(/-amd64$/, '-common')
  for (const name of [`linux-headers-${unameRelease}`, `linux-headers-${common}`, 'linux-kbuild-6.1'])
    writeFileSync(join(work, `${name}.deb`), packageBytes(name))
  execFileSync('sh', ['-euc', MERGE], { cwd: work, stdio: 'pipe' })
  const [version = ''] = kernel.release.split('-')
  const release = `${patch === undefined ? version : version.replace(/\d+$/, String(patch))}${localVersion}`
  const tree = join(work, 'tree')
  writeFileSync(join(tree, 'include/config/kernel.release'), `${release}\n`)
  writeFileSync(join(tree, 'include/generated/utsrelease.h'), `#define UTS_RELEASE "${release}"\n`)
  return { release, tree }
}

/**
 * Changes the tree as if another compiler had built its kernel, with more `options`: in the config that planners read, and in
 * the one that kbuild reads, where the compiler's text has no quotes.
 */
export function asBuiltBy(
  { tree }: DevelTree,
  { text, version, options }: { text: string; version: number; options: readonly string[] },
): void {
  for (const file of ['.config', 'include/config/auto.conf']) {
    const known = readFileSync(join(tree, file), 'utf8')
    const lines = known
      .replace(/^CONFIG_CC_VERSION_TEXT=".*$/m, `CONFIG_CC_VERSION_TEXT="${text}"`)
      .replace(/^CONFIG_GCC_VERSION=.*$/m, `CONFIG_GCC_VERSION=${version}`)
    writeFileSync(join(tree, file), lines + options.map((option) => `CONFIG_${option}=y\n`).join(''))
  }
}
