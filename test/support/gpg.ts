// Runs the real gpg with its own keyring, which the test removes at its end.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Gpg {
  /** Returns gpg's output. */
  readonly run: (args: readonly string[], input?: string | Uint8Array) => string
  readonly home: string
  readonly remove: () => void
}

/** For keys without a passphrase. */
const QUIET = ['--batch', '--yes', '--no-tty', '--quiet', '--passphrase', '', '--pinentry-mode', 'loopback']

export function startGpg(): Gpg {
  const home = mkdtempSync(join(tmpdir(), 'gpg-'))
  return {
    home,
    run: (args, input) =>
      execFileSync('gpg', ['--homedir', home, ...QUIET, ...args], {
        ...(input === undefined ? {} : { input }),
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    remove: () => {
      execFileSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'])
      rmSync(home, { recursive: true, force: true })
    },
  }
}
