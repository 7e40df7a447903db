import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { isProbeError } from '../../../lib/model/errors.ts'
import { checkKheaders } from '../../../lib/submit/kheaders.ts'
import { KHEADERS, packed } from '../../support/kheaders.ts'

async function verdict(bytes: Uint8Array): Promise<string> {
  try {
    await checkKheaders(bytes, () => 0)
    return 'accepted'
  } catch (error) {
    if (!isProbeError(error)) throw error
    expect(error.message).toMatch(/^kheaders: [\x20-\x7e]+$/)
    return error.code
  }
}

describe('the headers of a kernel', () => {
  test('are accepted with files of include and arch/.../include', async () => {
    expect(await verdict(packed(KHEADERS))).toBe('accepted')
  })

  test('may come with generated files, but not only with those', async () => {
    const more = {
      'include/config/auto.conf': 'CONFIG_A=y',
      'include/config/A': '',
      'include/uapi/Kbuild': '',
    }
    expect(await verdict(packed({ ...KHEADERS, ...more }))).toBe('accepted')
    expect(await verdict(packed(more))).toBe('bad-field')
  })

  test.each<[string, Parameters<typeof packed>]>([
    ['a Makefile', [{ ...KHEADERS, Makefile: 'all:' }]],
    ['a script', [{ ...KHEADERS, 'scripts/mod/modpost': '' }]],
    ['a config', [{ ...KHEADERS, '.config': '' }]],
    ['a link', [KHEADERS, { links: { 'include/passwd': '/etc/passwd' } }]],
    ['a link of a folder', [KHEADERS, { links: { 'include/etc': '/etc' } }]],
    [
      'an absolute path',
      [KHEADERS, { options: ['--absolute-names', '--transform', 's,^./include,/include,'] }],
    ],
    [
      'a path out',
      [KHEADERS, { options: ['--absolute-names', '--transform', 's,^./include,include/../..,'] }],
    ],
    ['a name with a command', [{ ...KHEADERS, 'include/$(id).h': '' }]],
  ])('are refused with %s among them', async (_, args) => {
    expect(await verdict(packed(...args))).toBe('bad-field')
  })

  test('are refused if they are not an archive, or a truncated one', async () => {
    expect(await verdict(Buffer.from('hello'))).toBe('bad-field')
    expect(await verdict(packed(KHEADERS).subarray(0, 100))).toBe('bad-field')
    expect(await verdict(new Uint8Array())).toBe('bad-field')
  })

  test('are refused if they unpack to 300 MB', async () => {
    const zeros = execFileSync('sh', ['-c', 'head -c 300000000 /dev/zero | xz -0'], { maxBuffer: 1 << 26 })
    expect(await verdict(zeros)).toBe('body-too-large')
  })
})
