// The archives of Debian and of the distributions that call themselves so, as they are laid out, with one kernel or more each.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { treeOf } from '../builds/archive.ts'
import { debianKernels } from '../registry/kernels.ts'
import type { RpmSigner } from '../rpm/repository.ts'
import { type DebSpec, packDeb, stanzasIn, writeSuite } from './repository.ts'

type Content = DebSpec['content']
type Layout = 'debian' | 'raspberrypi' | 'proxmox'

/** As the real ones are. */
const LAYOUTS = {
  debian: {
    suite: 'bookworm',
    component: 'main',
    archs: ['amd64', 'arm64'],
    origin: 'Debian',
    form: 'xz',
  },
  raspberrypi: {
    suite: 'bookworm',
    component: 'main',
    archs: ['amd64', 'arm64'],
    origin: 'Raspberry Pi Foundation',
    form: 'gz',
  },
  proxmox: {
    suite: 'bookworm',
    component: 'pve-no-subscription',
    archs: ['amd64'],
    origin: 'Proxmox',
    form: 'gz',
  },
} as const

/** Signs what was packed below `{folder}/{layout}`. */
export const signSuite = (
  folder: string,
  layout: Layout,
  signer: RpmSigner,
  fields?: readonly string[],
): void => {
  const archive = join(folder, layout)
  const { component, suite, ...rest } = LAYOUTS[layout]
  writeSuite(archive, {
    ...{ ...rest, suite, codename: suite, signer, components: { [component]: stanzasIn(archive) } },
    ...(fields === undefined ? {} : { fields }),
  })
}

/** Proxmox's: a whole tree in one package, and an image beside it. */
export function packProxmox(
  folder: string,
  { uname, version, content, image }: { uname: string; version: string; content: Content; image?: Content },
): void {
  const prefix = uname.startsWith('5.') ? 'pve' : 'proxmox'
  const archive = join(folder, 'proxmox')
  packDeb(archive, { name: `${prefix}-headers-${uname}`, version, arch: 'amd64', content })
  packDeb(archive, { name: `${prefix}-kernel-${uname}`, version, arch: 'amd64', content: image ?? {} })
}

/** Raspberry Pi's: a flavour's headers, what all flavours share, and the programs of a build. */
export function packRaspberryPi(
  folder: string,
  { uname, version, content, common = {}, kbuild = {} }: RaspberryPiKernel,
): void {
  const [abi = ''] = uname.split('-rpi-')
  const own = { version, arch: 'arm64' } as const
  const shared = `linux-headers-${abi}-common-rpi`
  const tools = `linux-kbuild-${abi.startsWith('6.1.0') ? '6.1' : abi}`
  const depends = `${shared} (= ${version}), linux-image-${uname} (= ${version}) | linux-image-${uname}-unsigned (= ${version}), ${tools} (= ${version}), gcc-12:arm64`
  const archive = join(folder, 'raspberrypi')
  packDeb(archive, { ...own, name: `linux-headers-${uname}`, depends, content })
  packDeb(archive, { ...own, name: `linux-image-${uname}`, content: {} })
  packDeb(archive, { ...own, name: shared, arch: 'all', content: common })
  packDeb(archive, { ...own, name: tools, content: kbuild })
}

export interface RaspberryPiKernel {
  readonly uname: string
  readonly version: string
  readonly content: Content
  readonly common?: Content
  readonly kbuild?: Content
}

/** Before 6.6: every kernel's tree in one package. */
export const packSharedHeaders = (folder: string, version: string, content: Content): string =>
  packDeb(join(folder, 'raspberrypi'), {
    name: 'raspberrypi-kernel-headers',
    version,
    arch: 'arm64',
    content,
  })

export function packDebian(folder: string, uname: string, version: string, content: Content): void {
  const [abi = ''] = uname.split(/-a[mr][dm]64$/)
  const common = `linux-headers-${abi}-common`
  const depends = `${common} (= ${version}), linux-kbuild-6.1, linux-compiler-gcc-12-x86`
  const archive = join(folder, 'debian')
  const own = { version, arch: 'amd64' } as const
  packDeb(archive, { ...own, name: `linux-headers-${uname}`, depends, content })
  packDeb(archive, { ...own, name: `linux-image-${uname}`, content: {} })
  packDeb(archive, { ...own, name: common, arch: 'all', content: {} })
  packDeb(archive, { ...own, name: 'linux-kbuild-6.1', content: {} })
}

/** Folders of a kernel of Debian's, by the names that Raspberry Pi's packages of it would have. */
const RENAME = `
for deb in *.deb; do dpkg-deb -x "$deb" root; done
cd root/usr/src
mkdir -p ../../../own/usr/src ../../../common/usr/src ../../../kbuild/usr/lib
mv "linux-headers-$FROM-amd64" "../../../own/usr/src/linux-headers-$TO-rpi-v8"
mv "linux-headers-$FROM-common" "../../../common/usr/src/linux-headers-$TO-common-rpi"
mv ../lib/linux-kbuild-6.1 "../../../kbuild/usr/lib/linux-kbuild-$TO"
cd ../../../own/usr/src/*
sed -i "s,/usr/src/linux-headers-$FROM-common,/usr/src/linux-headers-$TO-common-rpi," Makefile
echo "$TO-rpi-v8" >include/config/kernel.release
echo "#define UTS_RELEASE \\"$TO-rpi-v8\\"" >include/generated/utsrelease.h
for tree in . ../../../../common/usr/src/*; do
  for link in scripts tools; do ln -sfn "../../lib/linux-kbuild-$TO/$link" "$tree/$link"; done
done
`

/**
 * A kernel of Debian's as Raspberry Pi OS would pack it, for a machine of the test's own kind: its list calls it one of arm64.
 * Throws where Debian has no kernel 6.1.
 */
export function packAsRaspberryPi(folder: string, work: string): { readonly uname: string } {
  const [kernel] = debianKernels('6.1', 'amd64')
  if (kernel === undefined) throw new Error("no 6.1 kernel is in Debian's archive")
  mkdirSync(work, { recursive: true })
  treeOf(kernel).headers.forEach((body, i) => {
    writeFileSync(join(work, `${i}.deb`), body)
  })
  const abi = `${kernel.release.split('-')[0]}+rpt`
  const env = { ...process.env, FROM: kernel.unameRelease.replace(/-amd64$/, ''), TO: abi }
  execFileSync('sh', ['-euc', RENAME], { cwd: work, env, stdio: 'pipe' })
  const uname = `${abi}-rpi-v8`
  const version = `1:${abi.replace('+rpt', '-1+rpt1')}`
  const [content, common, kbuild] = ['own', 'common', 'kbuild'].map((part) => join(work, part)) as [
    string,
    string,
    string,
  ]
  packRaspberryPi(folder, { uname, version, content, common, kbuild })
  return { uname }
}
