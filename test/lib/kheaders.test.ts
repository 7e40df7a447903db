import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isProbeError } from '../../lib/errors.ts'
import { checkKheaders } from '../../lib/kheaders.ts'

/** As kernel/gen_kheaders.sh packs them, by the machine's own tar and xz. */
function packed(
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

async function verdict(bytes: Uint8Array): Promise<string> {
  try {
    await checkKheaders(bytes)
    return 'accepted'
  } catch (error) {
    if (!isProbeError(error)) throw error
    expect(error.message).toMatch(/^kheaders: [\x20-\x7e]+$/)
    return error.code
  }
}

const GOOD = {
  'include/linux/module.h': 'x',
  'arch/x86/include/asm/io.h': 'y',
  'include/generated/autoconf.h': 'z',
}

describe('the headers of a kernel', () => {
  test('are files of include and arch/.../include', async () => {
    expect(await verdict(packed(GOOD))).toBe('accepted')
  })

  test.each<[string, Parameters<typeof packed>]>([
    ['a Makefile', [{ ...GOOD, Makefile: 'all:' }]],
    ['a script', [{ ...GOOD, 'scripts/mod/modpost': '' }]],
    ['a config', [{ ...GOOD, '.config': '' }]],
    ['a link', [GOOD, { links: { 'include/passwd': '/etc/passwd' } }]],
    ['a link of a folder', [GOOD, { links: { 'include/etc': '/etc' } }]],
    ['an absolute path', [GOOD, { options: ['--absolute-names', '--transform', 's,^./include,/include,'] }]],
    ['a path out', [GOOD, { options: ['--absolute-names', '--transform', 's,^./include,include/../..,'] }]],
    ['a name with a command', [{ ...GOOD, 'include/$(id).h': '' }]],
  ])('are none with %s among them', async (_, args) => {
    expect(await verdict(packed(...args))).toBe('bad-field')
  })

  test('are none when they are no archive, or cut off', async () => {
    expect(await verdict(Buffer.from('hello'))).toBe('bad-field')
    expect(await verdict(packed(GOOD).subarray(0, 100))).toBe('bad-field')
    expect(await verdict(new Uint8Array())).toBe('bad-field')
  })

  test('are bounded when they are unpacked', async () => {
    const zeros = execFileSync('sh', ['-c', 'head -c 300000000 /dev/zero | xz -0'], { maxBuffer: 1 << 26 })
    expect(await verdict(zeros)).toBe('body-too-large')
  })
})
