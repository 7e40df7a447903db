// Describes each distribution with rpm kernels: the packages of a kernel on its mirror, and the layout of its repository.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RpmTarget } from '../../../lib/kernels/rpm/rows.ts'
import type { DevelTree } from './devel.ts'
import { listRpms, packRpm, type RpmSigner } from './repository.ts'

export interface Distribution {
  /** the part after the version in `uname -r` */
  readonly localVersion: string
  /** version and release of the packages, by `uname -r` */
  readonly packages: RegExp
  /** name of the header package */
  readonly headers: string
  /** folder of the build tree in it */
  readonly tree: (release: string) => string
  readonly lists: 'signed' | 'unsigned'
  /** SUSE has a separate package for the files that all flavours share */
  readonly shared?: string
  /** Amazon has a mirror list that leads to the repository; the package list of some repositories is only a database */
  readonly mirrorList?: 'xml' | 'database'
}

const EL = /^([0-9.]+)-(.+)\.x86_64$/
const el = {
  packages: EL,
  headers: 'kernel-devel',
  tree: (release: string) => `usr/src/kernels/${release}`,
}
const suse = {
  localVersion: '-150500.55.19-default',
  packages: /^([0-9.]+)-(.+)-default$/,
  headers: 'kernel-default-devel',
  tree: (release: string) => `usr/src/linux-${release.replace(/-default$/, '')}-obj/x86_64/default`,
  lists: 'signed',
  shared: 'kernel-devel',
} as const
const plain = { packages: /^([0-9.]+)-(.+)$/, tree: (release: string) => `usr/src/linux-headers-${release}` }

export const DISTRIBUTIONS: Readonly<Record<RpmTarget, Distribution>> = {
  almalinux: { ...el, localVersion: '-1.el9_4.x86_64', lists: 'signed' },
  rocky: { ...el, localVersion: '-2.el9.x86_64', lists: 'signed' },
  centos: { ...el, localVersion: '-1160.el7.x86_64', lists: 'unsigned' },
  redhat: { ...el, localVersion: '-3.el9_4.x86_64', lists: 'unsigned' },
  fedora: { ...el, localVersion: '-301.fc41.x86_64', lists: 'unsigned' },
  ol: { ...el, localVersion: '-206.153.7.el9uek.x86_64', headers: 'kernel-uek-devel', lists: 'unsigned' },
  amazonlinux2: { ...el, localVersion: '-204.855.amzn2.x86_64', lists: 'unsigned', mirrorList: 'database' },
  amazonlinux2023: {
    ...{ ...el, localVersion: '-27.96.amzn2023.x86_64', lists: 'unsigned', mirrorList: 'xml' },
    headers: 'kernel6.1-devel',
  },
  alinux: { ...el, localVersion: '-12.3.al8.x86_64', lists: 'unsigned' },
  photon: { ...plain, localVersion: '-3.ph5', headers: 'linux-devel', lists: 'unsigned' },
  opensuse: suse,
  sles: suse,
  azurelinux: { ...plain, localVersion: '-1.azl3', headers: 'kernel-devel', lists: 'signed' },
}

interface MirrorOptions {
  readonly kernel: DevelTree
  /** a bootable kernel image; absent: the repository has no image */
  readonly image?: Uint8Array | undefined
  readonly signer: RpmSigner
  /** the URL of the mirror's folder */
  readonly url: string
}

/** Makes a mirror below the folder; returns its entries for the setting `places`. */
export function makeMirror(
  folder: string,
  target: RpmTarget,
  options: MirrorOptions,
): { of: string; base: string }[] {
  const { kernel, image, signer, url } = options
  const { packages, headers, tree, lists, shared, mirrorList } = DISTRIBUTIONS[target]
  const [, version = '', release = ''] = packages.exec(kernel.release) ?? []
  const repository = join(folder, target, 'x86_64')
  const into = join(repository, 'Packages')
  mkdirSync(into, { recursive: true })
  const content = join(folder, `${target}-content`)
  cpSync(kernel.tree, join(content, tree(kernel.release)), { recursive: true })
  // A rebuild has its own number after the release.
  const counted = shared === undefined ? release : `${release}.1`
  const needs = shared === undefined ? [] : [`${shared} = ${version}-${release}.4`]
  signer.signRpm(packRpm(into, { name: headers, version, release: counted, arch: 'x86_64', content, needs }))
  if (shared !== undefined) {
    const files = { [`usr/src/linux-${version}-${release}/README`]: 'of all flavours\n' }
    signer.signRpm(
      packRpm(into, { name: shared, version, release: `${release}.4`, arch: 'noarch', content: files }),
    )
  }
  if (image !== undefined) {
    const core = join(folder, `${target}-image`)
    mkdirSync(join(core, 'lib/modules', kernel.release), { recursive: true })
    writeFileSync(join(core, 'lib/modules', kernel.release, 'vmlinuz'), image)
    const name = headers.replace(/-devel$/, '-core')
    signer.signRpm(packRpm(into, { name, version, release: counted, arch: 'x86_64', content: core }))
  }
  rmSync(content, { recursive: true })
  const database = mirrorList === 'database'
  listRpms(
    repository,
    lists === 'signed' ? signer : undefined,
    ...(database ? ['--database', '--compress-type=gz'] : []),
  )
  if (database) leaveOutXml(join(repository, 'repodata/repomd.xml'))
  if (mirrorList === undefined) return [{ of: '', base: `${url}/${target}/{arch}` }]
  writeFileSync(join(folder, target, 'mirror.list'), `${url}/${target}/x86_64`)
  return [{ of: '', base: `${url}/${target}/mirror.list` }]
}

const leaveOutXml = (repomd: string): void =>
  writeFileSync(repomd, readFileSync(repomd, 'utf8').replace(/<data type="primary">[\s\S]*?<\/data>/, ''))
