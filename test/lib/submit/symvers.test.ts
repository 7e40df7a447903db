import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { isProbeError } from '../../../lib/model/errors.ts'
import { readSymvers } from '../../../lib/submit/symvers.ts'

const GOOD =
  '0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\t\n0x815f2897\tx.y\tdrivers/net/e1000-e\tEXPORT_SYMBOL_NS_GPL\tMY_NS\n'
const bytes = (text: string) => Buffer.from(text, 'latin1')

function refused(file: Uint8Array): string {
  try {
    readSymvers(file)
    return 'accepted'
  } catch (error) {
    if (!isProbeError(error)) throw error
    expect(error.message).toMatch(/^symvers: [\x20-\x7e]+$/)
    return error.code
  }
}

describe('a Module.symvers', () => {
  test('is the same text plain and in gzip', () => {
    expect(Buffer.from(readSymvers(bytes(GOOD))).toString()).toBe(GOOD)
    expect(Buffer.from(readSymvers(gzipSync(GOOD))).toString()).toBe(GOOD)
  })

  test('of a kernel before 5.4 has no namespaces', () => {
    expect(refused(bytes('0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\n'))).toBe('accepted')
  })

  test.each([
    ['nothing', ''],
    ['a script', '#!/bin/sh\n'],
    ['a last line without an end', GOOD.slice(0, -1)],
    ['an expansion', '0x4c9d28b0\t$(shell id)\tvmlinux\tEXPORT_SYMBOL\t\n'],
    ['a path out', '0x4c9d28b0\tx\t../../etc/passwd\tEXPORT_SYMBOL\t\n'],
    ['an absolute path', '0x4c9d28b0\tx\t/etc/passwd\tEXPORT_SYMBOL\t\n'],
    ['spaces for tabs', GOOD.replaceAll('\t', ' ')],
    ['a line end of Windows', GOOD.replaceAll('\n', '\r\n')],
    ['a NUL', GOOD.replace('phys', 'ph\0s')],
    ['a CRC that is none', GOOD.replace('0x4c9d28b0', '0x4c9d28')],
  ])('with %s is none', (_, text) => {
    expect(refused(bytes(text))).toBe('bad-field')
  })

  test('is bounded, packed or not', () => {
    expect(refused(gzipSync(Buffer.alloc(100 << 20)))).toBe('body-too-large')
    expect(refused(bytes(GOOD.repeat(60_000)))).toBe('bad-field')
    expect(refused(gzipSync(GOOD).subarray(0, 20))).toBe('bad-field')
  })
})
