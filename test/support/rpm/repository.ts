// Makes repositories of real rpms like a distribution's mirror: rpmbuild packs them, rpmsign signs them, createrepo_c lists
// them.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface RpmSigner {
  /** armored */
  readonly publicKey: string
  readonly signRpm: (file: string) => void
  /** armored and detached, written next to the file as `.asc` */
  readonly signFile: (file: string) => void
  /** clearsigned, with text and signature in one file `to` */
  readonly signText: (file: string, to: string) => void
  readonly remove: () => void
}

/** Debian's rpm does not set the path of gpg. */
const SIGN = ['--define', '__gpg /usr/bin/gpg']

/** Makes a key for a test with gpg. */
export function rpmSigner(name = 'Test Packages'): RpmSigner {
  const home = mkdtempSync(join(tmpdir(), 'rpm-keys-'))
  const gpg = (...args: string[]) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--no-tty', '--quiet', ...args], { stdio: 'pipe' })
  gpg(
    '--passphrase',
    '',
    '--quick-generate-key',
    `${name} <packages@example.org>`,
    'rsa2048',
    'sign',
    'never',
  )
  return {
    publicKey: gpg('--armor', '--export').toString(),
    signRpm: (file) =>
      void execFileSync('rpmsign', [...SIGN, '--define', `_gpg_name ${name}`, '--addsign', file], {
        env: { ...process.env, GNUPGHOME: home },
        stdio: 'pipe',
      }),
    signFile: (file) => void gpg('--yes', '--armor', '--detach-sign', '--output', `${file}.asc`, file),
    signText: (file, to) => void gpg('--yes', '--clearsign', '--output', to, file),
    remove: () => {
      execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
      rmSync(home, { recursive: true, force: true })
    },
  }
}

export interface RpmSpec {
  readonly name: string
  readonly version: string
  readonly release: string
  readonly arch: 'x86_64' | 'aarch64' | 'noarch'
  /** of the payload, in rpm's notation */
  readonly compression?: 'w9.gzdio' | 'w2.xzdio' | 'w3.zstdio'
  /** e.g. `kernel-devel = 5.14.21-150500.55.19.1` */
  readonly needs?: readonly string[]
  readonly gives?: readonly string[]
  /** a folder with its contents, or files by their paths */
  readonly content: string | Readonly<Record<string, string>>
}

/** Packs it into the folder; returns its path. */
export function packRpm(into: string, spec: RpmSpec): string {
  const { name, version, release, arch, compression = 'w3.zstdio', needs = [], gives = [], content } = spec
  const work = mkdtempSync(join(tmpdir(), 'rpmbuild-'))
  try {
    const root = join(work, 'content')
    if (typeof content === 'string') cpSync(content, root, { recursive: true, verbatimSymlinks: true })
    else
      for (const [path, text] of Object.entries(content)) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), text)
      }
    const text = [
      ...[`Name: ${name}`, `Version: ${version}`, `Release: ${release}`],
      ...['Summary: test', 'License: GPL-2.0', 'AutoReqProv: no'],
      ...needs.map((need) => `Requires: ${need}`),
      ...gives.map((one) => `Provides: ${one}`),
      ...['%description', 'test', '%install', `cp -a ${root}/. %{buildroot}`, '%files'],
      ...readdirSync(root).map((entry) => `/${entry}`),
      '',
    ]
    writeFileSync(join(work, 'spec'), text.join('\n'))
    const defines = {
      _topdir: work,
      _rpmdir: into,
      _build_name_fmt: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
      _binary_payload: compression,
      __os_install_post: '%{nil}',
      _build_id_links: 'none',
    }
    const options = Object.entries(defines).flatMap(([key, value]) => ['--define', `${key} ${value}`])
    execFileSync(
      'rpmbuild',
      ['-bb', '--quiet', '--target', `${arch}-linux`, ...options, join(work, 'spec')],
      {
        stdio: 'pipe',
      },
    )
    return join(into, `${name}-${version}-${release}.${arch}.rpm`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Writes the lists of the rpms below a folder, signed if there is a signer. */
export function listRpms(folder: string, signer?: RpmSigner, ...options: string[]): void {
  mkdirSync(folder, { recursive: true })
  execFileSync('createrepo_c', ['--quiet', ...(options.length > 0 ? options : ['--no-database']), folder], {
    stdio: 'pipe',
  })
  signer?.signFile(join(folder, 'repodata/repomd.xml'))
}
