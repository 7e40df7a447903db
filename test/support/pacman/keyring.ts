// Computes the keys that pacman trusts: with gpg, from Debian's package archlinux-keyring, as `pacman-key --populate` does.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openApt } from '../builds/apt.ts'
import { bytesOf } from '../builds/archive.ts'
import { mainMirror } from '../mirrors.ts'

export interface Keyring {
  /** of the package, e.g. `0~20260909-1` */
  readonly version: string
  /** fingerprints of the trusted packagers' primary keys, sorted: hex, upper case */
  readonly packagers: readonly string[]
  /** fingerprints that nobody may trust */
  readonly revoked: readonly string[]
  /** the rows of lib/archives/keys/arch.ts: by fingerprint and name, the certificate in base64 with its signing keys */
  readonly keys: Readonly<Record<string, string>>
}

/** The current keyring of a Debian suite. Throws an Error if it is not available. */
export function archKeyring(suite: string): Keyring {
  const apt = openApt([{ mirror: mainMirror(), suite }])
  const listed = apt.find('archlinux-keyring')
  if (listed === undefined) throw new Error(`${suite} has no archlinux-keyring`)
  const work = mkdtempSync(join(tmpdir(), 'arch-keyring-'))
  const home = join(work, 'gpg')
  try {
    writeFileSync(join(work, 'keyring.deb'), bytesOf(listed, apt))
    execFileSync('dpkg-deb', ['-x', join(work, 'keyring.deb'), work])
    mkdirSync(home, { mode: 0o700 })
    return { version: listed.version, ...believed(home, join(work, 'usr/share/keyrings')) }
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
    rmSync(work, { recursive: true, force: true })
  }
}

function believed(home: string, folder: string): Omit<Keyring, 'version'> {
  const gpg = (...args: string[]): Buffer =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--yes', '--quiet', '--no-tty', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    })
  const lines = (name: string): string[] => readFileSync(join(folder, name), 'utf8').trim().split('\n')
  const masters = lines('archlinux-trusted').map((line) => line.slice(0, 40))
  const revoked = lines('archlinux-revoked')
  gpg('--import', join(folder, 'archlinux.gpg'))
  // A local key signs the master keys. Each master key counts as a third of the trust: gpg requires three.
  gpg('--passphrase', '', '--quick-generate-key', 'local', 'rsa2048', 'sign', 'never')
  for (const master of masters) gpg('--quick-lsign-key', master)
  gpg('--import-ownertrust', join(folder, 'archlinux-trusted'))
  gpg('--check-trustdb')
  const fully = [...validities(gpg('--with-colons', '--list-keys').toString())]
    .filter(([, validity]) => validity === 'f')
    .map(([fingerprint]) => fingerprint)
  const packagers = fully.filter((one) => !masters.includes(one) && !revoked.includes(one)).sort()
  const small = [
    ...['--export-options', 'export-minimal', '--export-filter', 'keep-uid=primary -t'],
    ...['--export-filter', 'drop-subkey=usage !~ s'],
  ]
  const row = (one: string): [string, string] => {
    const name = /^uid:(?:[^:]*:){8}([^:]*):/m.exec(gpg('--with-colons', '--list-keys', one).toString())?.[1]
    return [`${one} ${name}`, gpg(...small, '--export', one).toString('base64')]
  }
  return { packagers, revoked, keys: Object.fromEntries(packagers.map(row)) }
}

/** The format is in gpg's doc/DETAILS: a line `pub` with the validity, and the first line `fpr` after it. */
function validities(listing: string): ReadonlyMap<string, string> {
  const found = [...listing.matchAll(/^pub:([^:]*):.*\n(?:(?!fpr|pub).*\n)*fpr:+([0-9A-F]{40}):/gm)]
  return new Map(found.map(([, validity = '', fingerprint = '']) => [fingerprint, validity]))
}
