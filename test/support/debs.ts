// A program of Debian's with all that it loads, taken out of packages that are never installed.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Apt, Listed } from './builds/apt.ts'
import { bytesOf } from './builds/archive.ts'

/** The program and the libraries of its closure that it is linked to, by the path that each has in Debian. */
export function packagedProgram(name: string, program: string, apt: Apt): Record<string, Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'debs-'))
  try {
    for (const pkg of closureOf(name, apt)) {
      writeFileSync(join(folder, 'a.deb'), bytesOf(pkg, apt))
      const unpack = 'dpkg-deb --fsys-tarfile a.deb | tar -x --keep-directory-symlink --no-same-owner'
      execFileSync('sh', ['-c', `${unpack} --exclude './usr/share/*' --exclude './etc/*'`], { cwd: folder })
    }
    const paths = [program, ...librariesOf(folder, program)]
    return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path))]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Of alternatives the first: the others are for what is no library. Throws where the archive has no such program. */
function closureOf(name: string, apt: Apt): readonly Listed[] {
  const found: Listed[] = []
  const asked = new Set<string>()
  for (let wanted = [name]; wanted.length > 0; ) {
    for (const one of wanted) asked.add(one)
    const names = wanted.map((one) => one.replaceAll(/[.+]/g, '\\$&')).join('|')
    const level = apt.matching('', new RegExp(`^(${names})$`))
    found.push(...level)
    const next = level.flatMap(({ depends }) =>
      depends.split(',').map((one) => one.trim().replace(/[ :(|].*/, '')),
    )
    wanted = [...new Set(next)].filter((one) => one !== '' && !asked.has(one))
  }
  if (!found.some((pkg) => pkg.name === name)) throw new Error(`the archive has no ${name}`)
  return found
}

/** As the loader among them, which may be newer than this machine's, finds them. */
function librariesOf(folder: string, program: string): string[] {
  const loader = ['lib64', 'usr/lib64', 'usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu']
    .map((place) => join(folder, place, 'ld-linux-x86-64.so.2'))
    .find((path) => readable(path))
  const places = ['lib', 'usr/lib'].map((place) => join(folder, place, 'x86_64-linux-gnu'))
  const listed = execFileSync(loader ?? '', [
    '--library-path',
    places.join(':'),
    '--list',
    join(folder, program),
  ])
  const found = [...listed.toString().matchAll(/=> (\/\S+) \(0x/g)].map(
    ([, path]) => path?.slice(folder.length) ?? '',
  )
  return [...found, loader!.slice(folder.length)]
}

function readable(path: string): boolean {
  try {
    return readFileSync(path).length > 0
  } catch {
    return false
  }
}
