// Packs kernel headers in the form of /sys/kernel/kheaders.tar.xz.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const KHEADERS = {
  'include/linux/module.h': 'x',
  'arch/x86/include/asm/io.h': 'y',
  'include/generated/autoconf.h': 'z',
}

/** Packs them like kernel/gen_kheaders.sh, with this machine's tar and xz. */
export function packed(
  files: Record<string, string>,
  more: { links?: Record<string, string>; options?: string[] } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'kheaders-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    for (const [path, target] of Object.entries(more.links ?? {})) symlinkSync(target, join(folder, path))
    return execFileSync('tar', ['-cJf', '-', '-C', folder, ...(more.options ?? []), './'], {
      maxBuffer: 1 << 26,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
