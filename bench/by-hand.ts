// Measures the minimum work of a build: fetch Debian's packages with curl, unpack them, and run only `make`
// in the root of the builds.

import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { archive, type Listed, openApt } from '../test/support/builds/apt.ts'
import { machine } from '../test/support/builds/build.ts'
import { rootFor, roots } from '../test/support/builds/roots.ts'
import { debianSuites, mainMirror } from '../test/support/mirrors.ts'
import type { DebianKernel } from '../test/support/registry/kernels.ts'
import { sh } from '../test/support/registry/registry.ts'

export type Kind = 'kmod' | 'ebpf'

/** A driver package of the archive. */
interface Driver {
  /** the driver version, as requests name it */
  readonly version: string
  readonly url: string
}

/** The driver packages of these Debian suites. */
export const driversOf = (suites: readonly string[]): Driver[] =>
  suites.map((suite) => {
    const found = openApt([{ mirror: mainMirror(), suite }]).find('falcosecurity-scap-dkms')
    if (found === undefined) throw new Error(`${suite} has no package of driver sources`)
    return { version: found.version.replace(/-[^-]*$/, ''), url: urlOf(found) }
  })

/** URLs of all packages that the build trees of these kernels need, each once. */
export function headerUrls(kernels: readonly DebianKernel[]): string[] {
  const names = kernels.flatMap(({ headers }) => [
    headers.name,
    ...(headers.depends.match(/linux-(headers|kbuild)-[^ ,]+/g) ?? []),
  ])
  return [...new Set(names)].map((name) => {
    const found = archive().find(name)
    if (found === undefined) throw new Error(`the archive has no ${name}`)
    return urlOf(found)
  })
}

/** URLs of the packages of each root that a user's first start composes (client/roots/first-root.ts). */
export async function firstRootUrls(): Promise<string[][]> {
  const specs = [{ tag: 'steps' }, { tag: 'compilers', commands: ['gcc-12'] }, { tag: 'machine' }] as const
  const all = await Promise.all(specs.map((spec) => roots().of(spec, 'bookworm', machine)))
  return all.map(({ packages }) => packages.map(({ url }) => url))
}

/** Security updates have their own pool on their own mirror. */
function urlOf({ file }: Listed): string {
  const security = debianSuites().find(({ suite }) => suite.endsWith('-security'))
  return `${file.startsWith('pool/updates/') ? security?.mirror : mainMirror()}/${file.replaceAll('+', '%2b')}`
}

const FETCH_EACH = 'xargs -P 4 -n 1 curl -fsSLO <urls'

/** Fetches all URLs into the folder. */
export async function fetchAll(folder: string, urls: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'urls'), urls.map((url) => `${url}\n`).join(''))
  await sh('sh', ['-ec', FETCH_EACH], folder)
}

const UNPACK_EACH = 'for deb in *.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C tree; done'

/** Unpacks all packages in the folder into its subfolder `tree`. */
export async function unpackAll(folder: string): Promise<void> {
  await mkdir(join(folder, 'tree'), { recursive: true })
  await sh('sh', ['-ec', UNPACK_EACH], folder)
}

/** The kernel's tree refers to its shared part by an absolute path. */
export async function placeTree(folder: string, { headers }: DebianKernel): Promise<void> {
  const makefile = join(treeIn(folder, headers.name), 'Makefile')
  const text = await readFile(makefile, 'utf8')
  await writeFile(makefile, text.replaceAll('/usr/src/', `${join(folder, 'tree/usr/src')}/`))
}

const treeIn = (folder: string, name: string): string => join(folder, 'tree/usr/src', name)

/** Copies a driver's unpacked sources, without build results. */
export async function freshDriver(folder: string, version: string, to: string): Promise<void> {
  const name = (await readdir(join(folder, 'tree/usr/src'))).find((one) => one === `scap-${version}`)
  if (name === undefined) throw new Error(`the package of driver sources holds no usr/src/scap-${version}`)
  await rm(to, { recursive: true, force: true })
  await cp(treeIn(folder, name), to, { recursive: true })
}

/** `driver`: path below the folder */
export async function makeDriver(
  folder: string,
  kernel: DebianKernel,
  driver: string,
  kind: Kind = 'kmod',
): Promise<void> {
  const tree = `KERNELDIR=${treeIn(folder, kernel.headers.name)}`
  const kmod = ['make', '-C', driver, '-j2', 'CC=gcc-12', tree]
  const ebpf = ['make', '-C', join(driver, 'bpf'), '-j2', 'CLANG=clang-14', 'LLC=llc-14', tree]
  await inRoot(folder, kind === 'kmod' ? kmod : ebpf)
}

/** Runs a command in the root of gcc-12 and clang-14. It sees only that folder, and no network. */
export async function inRoot(folder: string, command: readonly string[]): Promise<void> {
  const { folder: root } = await rootFor('compilers')
  const links = ['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`])
  const files = ['--ro-bind', join(root, 'usr'), '/usr', '--ro-bind', join(root, 'etc'), '/etc']
  const own = ['--tmpfs', '/tmp', '--bind', folder, folder, '--dev', '/dev', '--proc', '/proc']
  await sh('bwrap', ['--unshare-all', '--die-with-parent', ...files, ...links, ...own, ...command])
}
