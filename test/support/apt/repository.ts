// Archives of real debs, as a distribution's mirror has them: packed by dpkg-deb, listed in Packages.xz with by-hash, and
// signed as InRelease.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { RpmSigner } from '../rpm/repository.ts'

export interface DebSpec {
  readonly name: string
  readonly version: string
  readonly arch: 'amd64' | 'arm64' | 'all'
  readonly depends?: string
  /** a folder with its content, or files by their paths */
  readonly content: string | Readonly<Record<string, string | Uint8Array>>
  /** of its data: Ubuntu's word since 21.10 is zstd */
  readonly compression?: 'xz' | 'zstd' | 'gzip'
}

/** Writes below the pool of an archive's folder. Returns its stanza of a Packages index. */
export function packDeb(archive: string, spec: DebSpec): string {
  const { name, version, arch, depends, content, compression = 'xz' } = spec
  const work = mkdtempSync(join(tmpdir(), 'deb-'))
  try {
    const root = join(work, 'root')
    if (typeof content === 'string') cpSync(content, root, { recursive: true, verbatimSymlinks: true })
    else
      for (const [path, body] of Object.entries(content)) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), body)
      }
    const control = [
      ...[`Package: ${name}`, `Version: ${version}`, `Architecture: ${arch}`],
      ...(depends === undefined ? [] : [`Depends: ${depends}`]),
      ...['Maintainer: Test <packages@example.org>', 'Description: test', ''],
    ]
    mkdirSync(join(root, 'DEBIAN'), { recursive: true })
    writeFileSync(join(root, 'DEBIAN/control'), control.join('\n'))
    const path = `pool/main/l/linux/${name}_${version.replace(/^\d+:/, '')}_${arch}.deb`
    const file = join(archive, path)
    mkdirSync(dirname(file), { recursive: true })
    const options = ['--root-owner-group', `-Z${compression}`, '-z1', '--build', root, file]
    execFileSync('dpkg-deb', options, { stdio: 'pipe' })
    const body = readFileSync(file)
    const fields = execFileSync('dpkg-deb', ['-f', file]).toString().trimEnd()
    return `${fields}\nFilename: ${path}\nSize: ${body.length}\nSHA256: ${sha256(body)}\n`
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

interface SuiteSpec {
  /** e.g. `jammy-updates` */
  readonly suite: string
  readonly codename: string
  readonly origin: string
  /** stanzas by component */
  readonly components: Readonly<Record<string, readonly string[]>>
  readonly signer?: RpmSigner | undefined
  readonly fields?: readonly string[]
  /** of the lists; older writers of archives know no xz */
  readonly form?: 'xz' | 'gz'
}

/** Below the archive's folder, for amd64 and arm64. */
export function writeSuite(archive: string, spec: SuiteSpec): void {
  const { suite, codename, origin, components, signer, fields = [], form = 'xz' } = spec
  const folder = join(archive, 'dists', suite)
  const files = Object.entries(components).flatMap(([component, stanzas]) =>
    ['amd64', 'arm64'].map((arch) => {
      const own = stanzas.filter((text) => new RegExp(`^Architecture: (${arch}|all)$`, 'm').test(text))
      const path = `${component}/binary-${arch}/Packages.${form}`
      const body = execFileSync(form === 'xz' ? 'xz' : 'gzip', ['-c'], {
        input: own.join('\n'),
        maxBuffer: 1 << 28,
      })
      for (const place of [path, `${dirname(path)}/by-hash/SHA256/${sha256(body)}`]) {
        mkdirSync(dirname(join(folder, place)), { recursive: true })
        writeFileSync(join(folder, place), body)
      }
      return ` ${sha256(body)} ${body.length} ${path}`
    }),
  )
  const release = [
    ...[`Origin: ${origin}`, `Label: ${origin}`, `Suite: ${suite}`, `Codename: ${codename}`],
    ...[`Date: ${new Date(Date.now() - 60_000).toUTCString()}`, ...fields, 'SHA256:', ...files, ''],
  ]
  const plain = join(folder, 'Release')
  mkdirSync(folder, { recursive: true })
  writeFileSync(plain, release.join('\n'))
  if (signer === undefined) cpSync(plain, join(folder, 'InRelease'))
  else signer.signText(plain, join(folder, 'InRelease'))
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
