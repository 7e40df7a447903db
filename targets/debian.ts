// Checks whether each Debian kernel finds its own packages in one archive with the packages of all kernels.

import type { AptPackage } from '../lib/archives/apt/packages.ts'
import { planOf } from '../lib/kernels/debian/planner.ts'
import { isProbeError } from '../lib/model/errors.ts'
import { fileOf, type Judge, RIGHT, type Row, type Verdict, wrong } from './rows.ts'

const FILE = /^(?<name>linux-[a-z]+-[^_]+)_(?<version>[^_]+)_(?<arch>all|amd64|arm64)\.deb$/
const DPKG_ARCH = { x86_64: 'amd64', aarch64: 'arm64' } as const

export const debianJudge: Judge = async (rows) => {
  const archives = { x86_64: archiveOf(rows, 'x86_64'), aarch64: archiveOf(rows, 'aarch64') }
  return rows.map((row) => judge(archives[row.arch], row))
}

function judge(archive: readonly AptPackage[], { kernelRelease, urls }: Row): Verdict {
  try {
    const plan = planOf(archive, kernelRelease)
    const found = plan.headers.map(({ url }) => fileOf(url))
    const own = found.at(-1) ?? ''
    const [version = ''] = /^.*?-\d+[^-]*/.exec(kernelRelease) ?? []
    // The rows name one linux-kbuild for a complete series, and some packages were generated because the row
    // lacks them.
    const others = found.filter(
      (file) => !file.startsWith('linux-kbuild-') && !urls.map(fileOf).includes(file),
    )
    const lacking = others.filter((file) => file !== own)
    if (!own.includes(`_${version}`) || lacking.length > 0) return wrong(`it finds ${found.join(', ')}`)
    return RIGHT
  } catch (error) {
    if (!isProbeError(error)) throw error
    return wrong(error.message)
  }
}

function archiveOf(rows: readonly Row[], arch: Row['arch']): AptPackage[] {
  const dpkgArch = DPKG_ARCH[arch]
  const own = rows.filter((row) => row.arch === arch)
  const files = new Set([...own.flatMap(({ urls }) => urls.map(fileOf)), ...own.flatMap(lackedBy)])
  const names = new Set([...files].map((file) => FILE.exec(file)?.groups?.name ?? ''))
  return [...files].flatMap((file) => packageOf(file, dpkgArch, names))
}

/** Packages that some rows lack: the package of the flavour, named by the ABI of the common package. */
function lackedBy({ kernelRelease, arch, urls }: Row): string[] {
  const flavour = /-((?:rt-|cloud-)?(?:amd64|arm64))$/.exec(kernelRelease)?.[1]
  const common = urls.map(fileOf).find((file) => /-common(-rt)?_/.test(file))
  const { name, version } = FILE.exec(common ?? '')?.groups ?? {}
  if (flavour === undefined || name === undefined) return []
  return [`${name.replace(/-common(-rt)?$/, `-${flavour}`)}_${version}_${DPKG_ARCH[arch]}.deb`]
}

function packageOf(file: string, dpkgArch: string, names: ReadonlySet<string>): AptPackage[] {
  const { name, version, arch } = FILE.exec(file)?.groups ?? {}
  if (name === undefined || version === undefined || (arch !== 'all' && arch !== dpkgArch)) return []
  return [
    {
      ...{
        name,
        version,
        url: `https://mirror.invalid/${file}`,
        sha256: '0'.repeat(64),
        bytes: 1,
        format: 'deb',
      },
      depends: dependsOf(name, version, names),
    },
  ]
}

/**
 * Debian's dependencies: a flavour's headers need the common headers of their version, and the tools of their
 * series.
 */
function dependsOf(name: string, version: string, names: ReadonlySet<string>): string {
  const [, abi = '', rt = ''] = /^linux-headers-(.+?)-(rt-)?(?:cloud-)?(?:amd64|arm64)$/.exec(name) ?? []
  if (abi === '') return ''
  const common = `linux-headers-${abi}-common${rt === '' ? '' : '-rt'} (= ${version})`
  // Since 6.4 the tools belong to one ABI as well.
  const tools = [`linux-kbuild-${abi}`, `linux-kbuild-${version.split('.').slice(0, 2).join('.')}`]
  return `${common}, ${tools.find((one) => names.has(one)) ?? tools[1]}, linux-compiler-gcc-10-x86`
}
