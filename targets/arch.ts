// Checks whether each Arch kernel finds its own package in one database with the packages of all kernels and
// similar ones.

import type { ListedPacman } from '../lib/archives/pacman/database.ts'
import { archKernel } from '../lib/kernels/arch/names.ts'
import { listedAs } from '../lib/kernels/arch/places.ts'
import { fileOf, type Judge, RIGHT, type Row, type Verdict, wrong } from './rows.ts'

const FILE = /^(?<name>.+)-(?<version>[^-]+-[^-]+)-(?<arch>[a-z0-9_]+)\.pkg\.tar\.(?:zst|xz)$/

export const archJudge: Judge = async (rows) => {
  const list = [...new Set(rows.flatMap(filesOf).flatMap(neighbours))].flatMap(packageOf)
  return rows.map((row) => judge(list, row))
}

function judge(list: readonly ListedPacman[], row: Row): Verdict {
  const kernel = archKernel(row.kernelRelease, row.arch)
  if (kernel === undefined) return wrong(`${row.kernelRelease} is not read as a kernel's release`)
  const found = listedAs(list, kernel, `${kernel.name}-headers`)
  if (found === undefined) return wrong(`no ${kernel.name}-headers ${kernel.versions.join(' or ')} is found`)
  // The archive has the package in one of two formats; a row may name both.
  const stem = (file: string): string => file.replace(/\.(?:zst|xz)$/, '')
  const expected = row.urls.map(fileOf).map(stem)
  return expected.length === 0 || expected.includes(stem(fileOf(found.url)))
    ? RIGHT
    : wrong(`it finds ${fileOf(found.url)}, and ${expected.join(', ')} was used`)
}

/** Generates the file names of packages that a row lacks. */
function filesOf({ kernelRelease, arch, urls }: Row): string[] {
  const kernel = archKernel(kernelRelease, arch)
  if (urls.length > 0 || kernel === undefined) return urls.map(fileOf)
  return [`${kernel.name}-headers-${kernel.versions[0]}-${arch}.pkg.tar.zst`]
}

/** Packages similar to the kernel's own: other flavours, the other architecture, and the next release. */
function neighbours(file: string): string[] {
  const { name, version, arch } = FILE.exec(file)?.groups ?? {}
  if (name === undefined || version === undefined || arch === undefined) return []
  const at = (one: string, its = version, machine = arch) => `${one}-${its}-${machine}.pkg.tar.zst`
  const next = version.replace(/\d+$/, (digits) => String(Number(digits) + 1))
  return [
    file,
    ...['linux', 'linux-headers', 'linux-zen-headers', 'linux-lts-headers', 'linux-docs'].map((one) =>
      at(one),
    ),
    at(name, next),
    at(name, version, arch === 'x86_64' ? 'aarch64' : 'x86_64'),
  ]
}

function packageOf(file: string): ListedPacman[] {
  const { name, version, arch } = FILE.exec(file)?.groups ?? {}
  if (name === undefined || version === undefined || arch === undefined) return []
  return [{ name, version, arch, url: `https://mirror.invalid/${file}`, bytes: 1, sha256: '0'.repeat(64) }]
}
