// Checks whether each Ubuntu kernel finds its own packages in one archive with the packages of all kernels
// and similar ones.

import type { AptPackage } from '../lib/archives/apt/packages.ts'
import { headersWith, kernelsIn } from '../lib/kernels/ubuntu/choose.ts'
import { checkUbuntu } from '../lib/kernels/ubuntu/names.ts'
import { releasesOf } from '../lib/kernels/ubuntu/suites.ts'
import { isProbeError } from '../lib/model/errors.ts'
import { fileOf, type Judge, RIGHT, type Row, type Verdict, wrong } from './rows.ts'

const FILE = /^(?<name>linux-[^_]+)_(?<version>[^_]+)_(?<arch>all|amd64|arm64)\.deb$/
const DPKG_ARCH = { x86_64: 'amd64', aarch64: 'arm64' } as const

/** Judges all flavours together, because the archive has them in the same lists. */
export const ubuntuJudge: Judge = async (rows) => {
  const archives = { x86_64: archiveOf(rows, 'x86_64'), aarch64: archiveOf(rows, 'aarch64') }
  return rows.map((row) => judge(archives[row.arch], row))
}

function judge(archive: readonly AptPackage[], { kernelRelease, kernelVersion, urls }: Row): Verdict {
  try {
    const [headers] = kernelsIn(archive, checkUbuntu({ kernelRelease, kernelVersion }), kernelVersion)
    if (headers === undefined) return wrong(`no headers of ${kernelRelease} #${kernelVersion} are found`)
    if (releasesOf(kernelRelease, kernelVersion).length === 0) return wrong('it is looked for in no release')
    const found = headersWith(archive, headers).map(({ url }) => fileOf(url))
    // Ignore other packages in a row; missing packages were generated.
    const expected = urls.map(fileOf)
    const others = found.filter((file) => !expected.includes(file) && expected.length > 0)
    return others.length === 0
      ? RIGHT
      : wrong(`it finds ${found.join(', ')}, and ${expected.join(', ')} was used`)
  } catch (error) {
    if (!isProbeError(error)) throw error
    return wrong(error.message)
  }
}

/** The package of a file, and the packages that it needs. */
interface Listed {
  readonly file: string
  readonly needs: readonly string[]
}

function archiveOf(rows: readonly Row[], arch: Row['arch']): AptPackage[] {
  const own = rows.filter((row) => row.arch === arch).flatMap(listedBy)
  // Packages of the rows override generated ones.
  const unique = new Map([...own.flatMap(neighbours), ...own].map((one) => [one.file, one]))
  return [...unique.values()].flatMap((one) => packageOf(one, DPKG_ARCH[arch]))
}

/**
 * A kernel's own headers need the headers that flavours share, in the same version; a row without shared
 * headers gets generated ones.
 */
function listedBy({ arch, kernelRelease, kernelVersion, urls }: Row): Listed[] {
  const files = [...new Set(urls.map(fileOf))]
  const own = files.filter((file) => !isShared(file))
  const shared = files.filter(isShared)
  const needs = shared.map((file) => FILE.exec(file)?.groups?.name ?? '')
  const abi = kernelRelease.split('-').slice(0, 2).join('-')
  const generated = `linux-headers-${kernelRelease}_${abi}.${kernelVersion}_${DPKG_ARCH[arch]}.deb`
  return [
    ...shared.map((file) => ({ file, needs: [] })),
    ...(own.length > 0 ? own : [generated]).map((file) => ({ file, needs })),
  ]
}

/**
 * Shared headers end with the ABI, such as `linux-headers-6.2.0-26` and `linux-aws-headers-5.4.0-1111`; a
 * kernel's own headers end with its flavour.
 */
const isShared = (file: string): boolean => /^linux-(?:[a-z0-9.-]+-)?headers-\d[^-_]*-\d+_/.test(file)

/**
 * Similar packages: the next upload of the same ABI, its rebuild for an older release, and this upload for
 * another release.
 */
function neighbours({ file, needs }: Listed): Listed[] {
  const { name = '', version = '', arch = '' } = FILE.exec(file)?.groups ?? {}
  const [first = '', release = ''] = version.split('~')
  const next = first.replace(/\d+$/, (digits) => String(Number(digits) + 1))
  const others = [next, `${next}~18.04.1`, release === '' ? `${first}~14.04.1` : first]
  return others.map((one) => ({ file: `${name}_${one}_${arch}.deb`, needs }))
}

function packageOf({ file, needs }: Listed, dpkgArch: string): AptPackage[] {
  const { name, version, arch } = FILE.exec(file)?.groups ?? {}
  if (name === undefined || version === undefined || (arch !== 'all' && arch !== dpkgArch)) return []
  const url = `https://mirror.invalid/${file}`
  const depends = [...needs, 'libc6 (>= 2.34)', 'libelf1 (>= 0.142)'].join(', ')
  return [{ name, version, url, sha256: '0'.repeat(64), bytes: 1, format: 'deb', depends }]
}
