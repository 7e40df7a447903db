// Makes packages of a few files in every format, with the machine's own tools.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { PackageFormat } from '../../../lib/model/probe.ts'

type Files = Readonly<Record<string, string | Buffer>>

/** A package of that format with these files, by their path below `/`. */
export function packageOf(format: PackageFormat, files: Files): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'package-'))
  try {
    for (const [path, body] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, 'root', path)), { recursive: true })
      writeFileSync(join(folder, 'root', path), body)
    }
    return MAKERS[format](folder, Object.keys(files))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })

const MAKERS: Readonly<Record<PackageFormat, (folder: string, paths: readonly string[]) => Buffer>> = {
  'tar.gz': (folder) => tar(folder, 'a.tar.gz'),
  'tar.xz': (folder) => tar(folder, 'a.tar.xz'),
  'tar.zst': (folder) => tar(folder, 'a.tar.zst'),
  deb: (folder) => {
    const control =
      'Package: small\nVersion: 1\nArchitecture: all\nMaintainer: test <test@localhost>\nDescription: small\n'
    mkdirSync(join(folder, 'root/DEBIAN'))
    writeFileSync(join(folder, 'root/DEBIAN/control'), control)
    run('dpkg-deb', '--build', '-Zxz', join(folder, 'root'), join(folder, 'a.deb'))
    return readFileSync(join(folder, 'a.deb'))
  },
  rpm: (folder, paths) => {
    const spec = [
      'Name: small\nVersion: 1\nRelease: 1\nSummary: small\nLicense: none\nBuildArch: noarch\n%description\n',
      `%install\ncp -R ${join(folder, 'root')}/. %{buildroot}\n%files\n`,
      ...paths.map((path) => `/${path}\n`),
    ]
    writeFileSync(join(folder, 'small.spec'), spec.join(''))
    run(
      'rpmbuild',
      '-bb',
      '--define',
      `_topdir ${folder}`,
      '--define',
      '__os_install_post %{nil}',
      join(folder, 'small.spec'),
    )
    return readFileSync(join(folder, 'RPMS/noarch/small-1-1.noarch.rpm'))
  },
}

function tar(folder: string, name: string): Buffer {
  run('tar', '-caf', join(folder, name), '-C', join(folder, 'root'), '.')
  return readFileSync(join(folder, name))
}
