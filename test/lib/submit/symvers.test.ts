import { execFileSync } from 'node:child_process'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isProbeError } from '../../../lib/model/errors.ts'
import { readSymvers } from '../../../lib/submit/symvers.ts'

/** In the format of modpost of each series: scripts/mod/modpost.c, `write_dump`. */
const TODAY =
  '0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\t\n0x815f2897\tx.y\tdrivers/net/e1000-e\tEXPORT_SYMBOL_NS_GPL\tMY_NS\n0x1b5d3a02\tkvm_x\tarch/x86/kvm/kvm\tEXPORT_SYMBOL_GPL\tmodule:kvm-intel,kvm-amd\n'
const OF_5_4 =
  '0x4c9d28b0\tphys_base\t\tvmlinux\tEXPORT_SYMBOL\n0x815f2897\tusb_stor_x\tUSB_STORAGE\tdrivers/usb/storage/usb-storage\tEXPORT_SYMBOL_GPL\n'
const OF_4_19 =
  '0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\n0x815f2897\told\tfs/ext4/ext4\tEXPORT_UNUSED_SYMBOL_GPL\n0x00000000\todd\tvmlinux\t(unknown)\n'
const bytes = (text: string) => Buffer.from(text, 'latin1')
const read = async (file: Uint8Array | string, release = '6.1.0-56-amd64'): Promise<string> =>
  Buffer.from(await readSymvers(typeof file === 'string' ? bytes(file) : file, release)).toString('latin1')

async function refused(file: Uint8Array): Promise<string> {
  try {
    await readSymvers(file, '6.1.0-56-amd64')
    return 'accepted'
  } catch (error) {
    if (!isProbeError(error)) throw error
    expect(error.message).toMatch(/^symvers: [\x20-\x7e]+$/)
    return error.code
  }
}

describe('a Module.symvers', () => {
  test('is the same text, plain or compressed', async () => {
    const xz = execFileSync('xz', ['-c'], { input: TODAY })
    for (const file of [bytes(TODAY), gzipSync(TODAY), xz, zstdCompressSync(TODAY)])
      expect(await read(file)).toBe(TODAY)
  })

  test.each([
    ['5.3 and before, without namespaces', OF_4_19],
    ['5.4 and 5.5, with a namespace in the middle, mostly an empty one', OF_5_4],
    ['5.6 and after, with one at the end', TODAY],
  ])('of %s is accepted byte for byte, because a host compares its own with it', async (_, text) => {
    expect(await read(text)).toBe(text)
  })

  test.each([
    ['a last line without an end', TODAY.slice(0, -1), '6.1.1', TODAY],
    ['line ends of Windows', TODAY.replaceAll('\n', '\r\n'), '6.1.1', TODAY],
    ['a mark of UTF-8 before it', `\xef\xbb\xbf${TODAY}`, '6.1.1', TODAY],
    ['blanks for tabs, of 6.1', TODAY.replaceAll('\t', '  '), '6.1.1', TODAY],
    ['blanks for tabs, of 5.4', OF_5_4.replaceAll('\t', ' '), '5.4.0-42-generic', OF_5_4],
    ['blanks for tabs, of 4.19', OF_4_19.replaceAll('\t', '    '), '4.19.0-6-amd64', OF_4_19],
  ])('with %s is read in its original form', async (_, text, release, meant) => {
    expect(await read(text, release)).toBe(meant)
  })

  test.each([
    ['nothing', ''],
    ['a script', '#!/bin/sh\n'],
    ['an expansion', '0x4c9d28b0\t$(shell id)\tvmlinux\tEXPORT_SYMBOL\t\n'],
    ['an expansion as a namespace', '0x4c9d28b0\tx\tvmlinux\tEXPORT_SYMBOL\t$(id)\n'],
    ['a path out', '0x4c9d28b0\tx\t../../etc/passwd\tEXPORT_SYMBOL\t\n'],
    ['a path out of 5.4', '0x4c9d28b0\tx\t\ta/../../etc/passwd\tEXPORT_SYMBOL\n'],
    ['an absolute path', '0x4c9d28b0\tx\t/etc/passwd\tEXPORT_SYMBOL\t\n'],
    ['an empty line within', TODAY.replace('\n', '\n\n')],
    ['a column too many', TODAY.replace('\t\n', '\t\tx\n')],
    ['no module', '0x4c9d28b0\tx\t\tEXPORT_SYMBOL\t\n'],
    ['a carriage return within', TODAY.replace('phys', 'ph\rs')],
    ['a NUL', TODAY.replace('phys', 'ph\0s')],
    ['a CRC that is none', TODAY.replace('0x4c9d28b0', '0x4c9d28')],
  ])('with %s is refused', async (_, text) => {
    expect(await refused(bytes(text))).toBe('bad-field')
  })

  test('has a maximum size, compressed or not', async () => {
    expect(await refused(gzipSync(Buffer.alloc(100 << 20)))).toBe('body-too-large')
    expect(await refused(zstdCompressSync(Buffer.alloc(100 << 20)))).toBe('body-too-large')
    expect(await refused(bytes(TODAY.repeat(60_000)))).toBe('body-too-large')
    expect(await refused(bytes(TODAY.repeat(40_000)))).toBe('bad-field')
    expect(await refused(gzipSync(TODAY).subarray(0, 20))).toBe('bad-field')
  })

  test('that is accepted has only lines of columns, and is accepted again unchanged', async () => {
    const pieces = fc.constantFrom(
      '0x4c9d28b0',
      '\t',
      ' ',
      'vmlinux',
      'EXPORT_SYMBOL',
      '\n',
      '\r\n',
      'NS',
      '$',
      '\0',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), async (all) => {
        const file = bytes(all.join(''))
        if ((await refused(file)) !== 'accepted') return
        const once = await read(file)
        expect(once).toMatch(/^(?:0x[0-9a-f]{8}(?:\t[A-Za-z0-9_]*){3,4}\n)+$/)
        expect(await read(once)).toBe(once)
      }),
      { numRuns: 300 },
    )
  })
})
