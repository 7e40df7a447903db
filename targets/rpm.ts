// Checks whether each kernel of an rpm distribution finds its own package in one repository with the packages
// of all kernels and similar ones.

import { type ListedRpm, readPrimary } from '../lib/archives/rpm/primary.ts'
import { companionsOf, headersIn } from '../lib/kernels/rpm/choose.ts'
import { basesFor, kernelOf, type RpmRow } from '../lib/kernels/rpm/row.ts'
import { fileOf, type Judge, RIGHT, type Row, type Verdict, wrong } from './rows.ts'

const BASE = 'https://mirror.invalid'
const ALL = { id: 'all', test: () => true }
const FILE = /^(?<name>.+)-(?<version>[^-]+)-(?<release>[^-]+)\.(?<arch>[a-z0-9_]+)\.rpm$/

export const rpmJudge =
  (row: RpmRow): Judge =>
  async (rows) => {
    const list = await readPrimary(new TextEncoder().encode(primaryOf(rows)), BASE, ALL)
    return rows.map((one) => judge(row, list, one))
  }

function judge(row: RpmRow, list: readonly ListedRpm[], { arch, kernelRelease, urls }: Row): Verdict {
  const kernel = kernelOf(row, kernelRelease, arch)
  if (kernel === undefined) return wrong(`${kernelRelease} is not read as a kernel's release`)
  if (basesFor(row.places, kernel).length === 0) return wrong('no repository is known for it')
  const headers = headersIn(row, list, kernel)
  if (headers === undefined) return wrong(`none of ${row.headers(kernel).join(', ')} is found`)
  const found = [...companionsOf(list, headers), headers].map(({ url }) => fileOf(url)).sort()
  const expected = [...new Set(urls.map(fileOf))]
  // Ignore other packages in a row; missing packages were generated.
  return found.every((file) => expected.includes(file)) || expected.length === 0
    ? RIGHT
    : wrong(`it finds ${found.join(', ')}, and ${expected.join(', ')} was used`)
}

/** A primary list that also has other flavours, other architectures, the images, and the next release. */
function primaryOf(rows: readonly Row[]): string {
  const files = new Set(rows.flatMap(({ urls }) => urls.map(fileOf)).flatMap(neighbours))
  const packages = [...files].map(packageOf)
  return `<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm">${packages.join('')}</metadata>`
}

function neighbours(file: string): string[] {
  const { name, version, release, arch } = FILE.exec(file)?.groups ?? {}
  if (name === undefined || release === undefined) return []
  const other = arch === 'x86_64' ? 'aarch64' : 'x86_64'
  const at = (one: string, its = release, machine = arch) => `${one}-${version}-${its}.${machine}.rpm`
  return [
    file,
    at(name.replace(/-devel$/, '-debug-devel')),
    at(name.replace(/-devel$/, '')),
    at(
      name,
      release.replace(/^\d+/, (digits) => String(Number(digits) + 1)),
    ),
    at(name, `${release}.1`),
    at(name, release, other),
  ]
}

function packageOf(file: string): string {
  const { name, version, release, arch } = FILE.exec(file)?.groups ?? {}
  return `<package type="rpm"><name>${name}</name><arch>${arch}</arch><version epoch="0" ver="${version}" rel="${release}"/>
<checksum type="sha256" pkgid="YES">${'0'.repeat(64)}</checksum><size package="1"/><location href="Packages/${file}"/></package>`
}
