// The archives of Debian and of the distributions that call themselves so, as they are laid out, with one kernel or more each.

import { join } from 'node:path'
import { type AptSigner, type DebSpec, packDeb, writeSuite } from './repository.ts'

type Content = DebSpec['content']
type Layout = 'debian' | 'raspberrypi' | 'proxmox'

/** As the real ones are. */
const LAYOUTS = {
  debian: {
    suite: 'bookworm',
    component: 'main',
    archs: ['amd64', 'arm64'],
    origin: 'Debian',
    forms: ['xz'],
  },
  raspberrypi: {
    suite: 'bookworm',
    component: 'main',
    archs: ['amd64', 'arm64'],
    origin: 'Raspberry Pi Foundation',
    forms: ['gz'],
  },
  proxmox: {
    suite: 'bookworm',
    component: 'pve-no-subscription',
    archs: ['amd64'],
    origin: 'Proxmox',
    forms: ['gz'],
  },
} as const

/** Signs what was packed below `{folder}/{layout}`. */
export const signSuite = (
  folder: string,
  layout: Layout,
  signer: AptSigner,
  fields?: readonly string[],
): void =>
  writeSuite(join(folder, layout), {
    ...LAYOUTS[layout],
    signer,
    ...(fields === undefined ? {} : { fields }),
  })

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
export const packSharedHeaders = (folder: string, version: string, content: Content): void =>
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
