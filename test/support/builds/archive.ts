// Downloads packages of Debian's archive for builds, and never installs them.

import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mainMirror } from '../mirrors.ts'
import type { DebianKernel } from '../registry/kernels.ts'
import { type Apt, archive, CACHE, type Listed, openApt } from './apt.ts'

/** The packages for building a module of a kernel. */
interface KernelTree {
  /** its place in the unpacked packages */
  readonly tree: string
  readonly compiler: string
  /** the header packages' bytes */
  readonly headers: readonly Buffer[]
}

export function treeOf({ headers }: DebianKernel, apt: Apt = archive()): KernelTree {
  const needed = headers.depends.match(/linux-(headers|kbuild)-[^ ,]+/g) ?? []
  return {
    tree: `usr/src/${headers.name}`,
    compiler: headers.depends.match(/gcc-\d+/)?.[0] ?? 'gcc',
    headers: [headers.name, ...needed].map((name) => packageBytes(name, apt)),
  }
}

/** The .deb that apt would install. It is cached; an interrupted download leaves no file in the cache. */
export const packageBytes = (name: string, apt: Apt = archive()): Buffer => bytesOf(listedAs(name, apt), apt)

/** The version that apt would install. */
export const packageVersion = (name: string): string => listedAs(name, archive()).version

interface DriverPackage {
  /** of the package, e.g. `0.23.2-6` */
  readonly version: string
  /** e.g. `0.23.2` */
  readonly driverVersion: string
  readonly deb: Buffer
}

/** Debian's current package of driver sources in another suite, e.g. `sid`. */
export function driverPackage(suite: string): DriverPackage {
  const apt = openApt([{ mirror: mainMirror(), suite }])
  const listed = listedAs('falcosecurity-scap-dkms', apt)
  const driverVersion = listed.version.replace(/-[^-]*$/, '')
  return { version: listed.version, driverVersion, deb: bytesOf(listed, apt) }
}

function listedAs(name: string, apt: Apt): Listed {
  const found = apt.find(name)
  if (found === undefined) throw new Error(`the archive has no ${name}`)
  return found
}

/** The file of a package of the lists, from the same cache. */
export function bytesOf(listed: Listed, apt: Apt): Buffer {
  const file = join(CACHE, `${listed.name}_${listed.version}.deb`)
  if (!existsSync(file)) download(listed, apt, file)
  return readFileSync(file)
}

function download(listed: Listed, apt: Apt, file: string): void {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'download-'))
  try {
    apt.download(listed, folder)
    renameSync(join(folder, readdirSync(folder)[0]!), file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A .tar.gz of files by their path. */
export function tarball(files: Readonly<Record<string, string>>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'tarball-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return execFileSync('tar', ['-cz', '-C', folder, '.'])
  } finally {
    rmSync(folder, { recursive: true })
  }
}
