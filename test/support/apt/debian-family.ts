// Builds archives in the layout of Debian and its derivatives, each with one or more kernels.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { treeOf } from '../builds/archive.ts'
import { debianKernels } from '../registry/kernels.ts'
import type { RpmSigner } from '../rpm/repository.ts'
import { type DebSpec, packDeb, writeSuite } from './repository.ts'

type Content = DebSpec['content']
type Layout = 'debian' | 'raspberrypi' | 'proxmox'

/** As the real ones are. */
const LAYOUTS = {
  debian: { origin: 'Debian', component: 'main', form: 'xz' },
  raspberrypi: { origin: 'Raspberry Pi Foundation', component: 'main', form: 'gz' },
  proxmox: { origin: 'Proxmox', component: 'pve-no-subscription', form: 'gz' },
} as const satisfies Readonly<Record<Layout, object>>

interface RaspberryPiKernel {
  readonly uname: string
  readonly version: string
  readonly content: Content
  readonly common?: Content
  readonly kbuild?: Content
}

export interface DebianFamily {
  packDebian(uname: string, version: string, content: Content): void
  /** A complete tree in one package, and an image in another. */
  packProxmox(uname: string, version: string, content: Content, image?: Content): void
  /** A flavour's headers, the headers that all flavours share, and the programs of a build. */
  packRaspberryPi(kernel: RaspberryPiKernel): void
  /** Before 6.6: every kernel's tree in one package. */
  packSharedHeaders(version: string, content: Content): void
  /** What was packed for it, as its suite bookworm. */
  sign(layout: Layout, signer: RpmSigner): void
}

/** Each archive is a folder of its name below that one. */
export function debianFamilyArchives(folder: string): DebianFamily {
  const stanzas: Readonly<Record<Layout, string[]>> = { debian: [], raspberrypi: [], proxmox: [] }
  const pack = (layout: Layout, spec: DebSpec): void => {
    stanzas[layout].push(packDeb(join(folder, layout), spec))
  }
  return {
    packDebian: (uname, version, content) => {
      const common = `linux-headers-${uname.replace(/-a[mr][dm]64$/, '')}-common`
      const depends = `${common} (= ${version}), linux-kbuild-6.1, linux-compiler-gcc-12-x86`
      const own = { version, arch: 'amd64' } as const
      pack('debian', { ...own, name: `linux-headers-${uname}`, depends, content })
      pack('debian', { ...own, name: `linux-image-${uname}`, content: {} })
      pack('debian', { ...own, name: common, arch: 'all', content: {} })
      pack('debian', { ...own, name: 'linux-kbuild-6.1', content: {} })
    },
    packProxmox: (uname, version, content, image = {}) => {
      const prefix = uname.startsWith('5.') ? 'pve' : 'proxmox'
      pack('proxmox', { name: `${prefix}-headers-${uname}`, version, arch: 'amd64', content })
      pack('proxmox', { name: `${prefix}-kernel-${uname}`, version, arch: 'amd64', content: image })
    },
    packRaspberryPi: ({ uname, version, content, common = {}, kbuild = {} }) => {
      const [abi = ''] = uname.split('-rpi-')
      const own = { version, arch: 'arm64' } as const
      const shared = `linux-headers-${abi}-common-rpi`
      const tools = `linux-kbuild-${abi.startsWith('6.1.0') ? '6.1' : abi}`
      const image = `linux-image-${uname} (= ${version}) | linux-image-${uname}-unsigned (= ${version})`
      const depends = `${shared} (= ${version}), ${image}, ${tools} (= ${version}), gcc-12:arm64`
      pack('raspberrypi', { ...own, name: `linux-headers-${uname}`, depends, content })
      pack('raspberrypi', { ...own, name: `linux-image-${uname}`, content: {} })
      pack('raspberrypi', { ...own, name: shared, arch: 'all', content: common })
      pack('raspberrypi', { ...own, name: tools, content: kbuild })
    },
    packSharedHeaders: (version, content) =>
      pack('raspberrypi', { name: 'raspberrypi-kernel-headers', version, arch: 'arm64', content }),
    sign: (layout, signer) => {
      const { component, ...layoutOf } = LAYOUTS[layout]
      writeSuite(join(folder, layout), {
        ...{ ...layoutOf, suite: 'bookworm', codename: 'bookworm', signer },
        components: { [component]: stanzas[layout] },
      })
    },
  }
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
export function debianAsRaspberryPi(work: string): RaspberryPiKernel {
  const [kernel] = debianKernels('6.1', 'amd64')
  if (kernel === undefined) throw new Error("no 6.1 kernel is in Debian's archive")
  mkdirSync(work, { recursive: true })
  treeOf(kernel).headers.forEach((body, i) => {
    writeFileSync(join(work, `${i}.deb`), body)
  })
  const abi = `${kernel.release.split('-')[0]}+rpt`
  const env = { ...process.env, FROM: kernel.unameRelease.replace(/-amd64$/, ''), TO: abi }
  execFileSync('sh', ['-euc', RENAME], { cwd: work, env, stdio: 'pipe' })
  return {
    uname: `${abi}-rpi-v8`,
    version: `1:${abi.replace('+rpt', '-1+rpt1')}`,
    content: join(work, 'own'),
    common: join(work, 'common'),
    kbuild: join(work, 'kbuild'),
  }
}
