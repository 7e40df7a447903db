// Makes source archives that are as small as possible, but still valid.

import { execFileSync } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import { tarGz } from '../../lib/formats/tar-pack.ts'

const files = (texts: Readonly<Record<string, string>>) =>
  Object.entries(texts).map(([path, text]) => ({
    path,
    body: new TextEncoder().encode(text),
    executable: false,
  }))

export const archiveOf = (texts: Readonly<Record<string, string>>): Uint8Array => tarGz(files(texts))

/** The layout of falcosecurity/libs; `more`: a text that makes two archives differ. */
export const libsArchive = (more = ''): Uint8Array =>
  archiveOf({
    'libs-1/README.md': more,
    'libs-1/driver/Makefile.in': 'all:\n',
    'libs-1/driver/main.c': 'int main;\n',
  })

/** The kernel's source as on kernel.org, but not compressed. */
export function kernelTar(version: string, extra = ''): Uint8Array {
  const [major, minor, patch = '0'] = version.split('.')
  const text = `# SPDX-License-Identifier: GPL-2.0\nVERSION = ${major}\nPATCHLEVEL = ${minor}\nSUBLEVEL = ${patch}\nEXTRAVERSION =${extra}\n`
  return gunzipSync(archiveOf({ [`linux-${version}/Makefile`]: text, [`linux-${version}/Kconfig`]: '' }))
}

export const packXz = (tar: Uint8Array): Uint8Array =>
  new Uint8Array(execFileSync('xz', ['-c'], { input: tar, maxBuffer: 1 << 26 }))
