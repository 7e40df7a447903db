// Unpacks a Debian program with all libraries that it loads from packages that are never installed.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Apt, Listed } from './builds/apt.ts'
import { bytesOf } from './builds/archive.ts'

const LOADER = 'ld-linux-x86-64.so.2'
/** Before /usr was merged, and since. */
const LIBRARIES = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu']

interface PackagedProgram {
  /** by name: the program, its loader and its libraries, from one Debian release on any machine */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** the command that runs it if all files are in that folder */
  command(folder: string): string
}

/**
 * `program` is its path in the package. `isNeeded` selects the direct and indirect dependencies that are unpacked.
 * Throws if the archive or a library is missing.
 */
export function packagedProgram(
  apt: Apt,
  name: string,
  program: string,
  isNeeded: (name: string) => boolean = () => true,
): PackagedProgram {
  const folder = mkdtempSync(join(tmpdir(), 'debs-'))
  try {
    for (const pkg of closureOf(apt, [name], isNeeded)) unpack(bytesOf(pkg, apt), folder)
    const paths = [join(folder, program), ...librariesOf(folder, program)]
    return {
      files: Object.fromEntries(paths.map((path) => [basename(path), readFileSync(path)])),
      command: (place) => `${place}/${LOADER} --library-path ${place} ${place}/${basename(program)}`,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Unpacks over existing files: folders that are links stay links. */
export function unpack(deb: Uint8Array, folder: string): void {
  writeFileSync(join(folder, 'a.deb'), deb)
  execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile a.deb >a.tar'], { cwd: folder })
  execFileSync('tar', ['-xf', 'a.tar', '--keep-directory-symlink', '--no-same-owner'], { cwd: folder })
  for (const name of ['a.deb', 'a.tar']) rmSync(join(folder, name))
}

/** The packages with their needed dependencies. Of alternatives it takes the first: only non-libraries need the others. */
export function closureOf(
  apt: Apt,
  names: readonly string[],
  isNeeded: (name: string) => boolean = () => true,
): readonly Listed[] {
  const found: Listed[] = []
  const asked = new Set<string>()
  for (let wanted: readonly string[] = names; wanted.length > 0; ) {
    for (const one of wanted) asked.add(one)
    const these = wanted.map((one) => one.replaceAll(/[.+]/g, '\\$&')).join('|')
    const level = apt.matching('', new RegExp(`^(${these})$`))
    found.push(...level)
    const missing = wanted.filter((one) => !level.some((pkg) => pkg.name === one))
    const next = [
      ...level.flatMap(({ depends }) => depends.split(',').map(nameOf)),
      ...missing.map(providerOf),
    ]
    wanted = [...new Set(next)].filter((one) => one !== '' && isNeeded(one) && !asked.has(one))
  }
  for (const name of names)
    if (!found.some((pkg) => pkg.name === name)) throw new Error(`the archive has no ${name}`)
  return found
}

/** By custom, the name of a virtual package for one ABI begins with the name of its package: `libre2-11-absl20260526`. */
const providerOf = (virtual: string): string => virtual.replace(/-[^-]*$/, '')

const nameOf = (relation: string): string => relation.trim().replace(/[ :(|].*/, '')

/** Finds libraries with the program's own loader, which may be newer than this machine's. The loader is one of them. */
function librariesOf(folder: string, program: string): string[] {
  const places = LIBRARIES.map((place) => join(folder, place))
  const loader = places.map((place) => join(place, LOADER)).find((path) => existsSync(path))
  if (loader === undefined) throw new Error(`the packages hold no ${LOADER}`)
  const listed = execFileSync(loader, ['--library-path', places.join(':'), '--list', join(folder, program)])
  return [loader, ...[...listed.toString().matchAll(/=> (\/\S+) \(0x/g)].map(([, path]) => path ?? '')]
}
