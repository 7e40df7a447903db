// A program of Debian's with all that it loads, taken out of packages that are never installed.

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
  /** by name: the program, its loader and its libraries, of one Debian whatever this machine is */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** what runs it where all of them are in that folder */
  command(folder: string): string
}

/**
 * `program` is its path in the package. `isNeeded`: of the packages that it depends on, and those in turn, which are unpacked.
 * Throws where the archive, or a library, is not there.
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

/** Over what is there: folders that are links stay links. */
export function unpack(deb: Uint8Array, folder: string): void {
  writeFileSync(join(folder, 'a.deb'), deb)
  execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile a.deb >a.tar'], { cwd: folder })
  execFileSync('tar', ['-xf', 'a.tar', '--keep-directory-symlink', '--no-same-owner'], { cwd: folder })
  for (const name of ['a.deb', 'a.tar']) rmSync(join(folder, name))
}

/** With all that they depend on and need. Of alternatives the first: the others are for what is no library. */
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

/** By the custom of naming what stands for one ABI after the package that has it: `libre2-11-absl20260526`. */
const providerOf = (virtual: string): string => virtual.replace(/-[^-]*$/, '')

const nameOf = (relation: string): string => relation.trim().replace(/[ :(|].*/, '')

/** As the loader among them finds them, which may be newer than this machine's; the loader is one of them. */
function librariesOf(folder: string, program: string): string[] {
  const places = LIBRARIES.map((place) => join(folder, place))
  const loader = places.map((place) => join(place, LOADER)).find((path) => existsSync(path))
  if (loader === undefined) throw new Error(`the packages hold no ${LOADER}`)
  const listed = execFileSync(loader, ['--library-path', places.join(':'), '--list', join(folder, program)])
  return [loader, ...[...listed.toString().matchAll(/=> (\/\S+) \(0x/g)].map(([, path]) => path ?? '')]
}
