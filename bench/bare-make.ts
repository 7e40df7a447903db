// What the build itself costs: Debian's headers, the driver's sources, and nothing but `make` in the root that builds run in.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageBytes } from '../test/support/builds/archive.ts'
import { composed } from '../test/support/builds/roots.ts'
import { sh } from '../test/support/registry/registry.ts'

/** A command in the root of gcc-12, which sees that folder and no network. */
export async function inRoot(folder: string, command: readonly string[]): Promise<void> {
  const { folder: root } = await composed({ tag: 'compilers', commands: ['gcc-12'] }, 'bookworm')
  const files = [
    '--ro-bind',
    join(root, 'usr'),
    '/usr',
    '--ro-bind',
    join(root, 'etc/alternatives'),
    '/etc/alternatives',
  ]
  const links = ['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`])
  const own = ['--tmpfs', '/tmp', '--bind', folder, folder, '--dev', '/dev', '--proc', '/proc']
  await sh('bwrap', ['--unshare-all', ...files, ...links, ...own, ...command])
}

/** Seconds of `make` for the driver's module on a kernel of Debian's, best of `rounds`. */
export async function bareMake(work: string, unameRelease: string, rounds: number): Promise<number> {
  const common = unameRelease.replace(/-amd64$/, '-common')
  const kbuild = `linux-kbuild-${unameRelease.split('.').slice(0, 2).join('.')}`
  await mkdir(work, { recursive: true })
  const packages = [
    `linux-headers-${unameRelease}`,
    `linux-headers-${common}`,
    kbuild,
    'falcosecurity-scap-dkms',
  ]
  for (const name of packages) await writeFile(join(work, `${name}.deb`), packageBytes(name))
  const root = join(work, 'root')
  for (const deb of (await readdir(work)).filter((name) => name.endsWith('.deb'))) {
    await sh('dpkg-deb', ['-x', deb, root], work)
  }
  const tree = join(root, 'usr/src', `linux-headers-${unameRelease}`)
  // The tree names its shared half by absolute path.
  const makefile = join(tree, 'Makefile')
  await writeFile(
    makefile,
    (await readFile(makefile, 'utf8')).replaceAll('/usr/src/', `${join(root, 'usr/src')}/`),
  )
  const sources = (await readdir(join(root, 'usr/src'))).find((name) => name.startsWith('scap-'))
  if (sources === undefined) throw new Error('the package of driver sources holds no usr/src/scap-*')
  const seconds: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const driver = join(work, `driver-${round}`)
    await sh('cp', ['-r', join(root, 'usr/src', sources), driver])
    const start = performance.now()
    await inRoot(work, ['make', '-C', driver, '-j2', 'CC=gcc-12', `KERNELDIR=${tree}`])
    seconds.push((performance.now() - start) / 1000)
  }
  return Math.min(...seconds)
}
