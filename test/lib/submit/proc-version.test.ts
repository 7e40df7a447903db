import fc from 'fast-check'
import { expect, test } from 'vitest'
import { oddProcVersion, parseProcVersion } from '../../../lib/submit/proc-version.ts'

test.each([
  [
    'Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-09-30)\n',
    '6.1.0-56-amd64',
    '#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-09-30)',
  ],
  [
    'Linux version 4.9.0-9-amd64 (debian-kernel@lists.debian.org) (gcc version 6.3.0 20170516 (Debian 6.3.0-18+deb9u1) ) #1 SMP Debian 4.9.168-1 (2019-04-12)',
    '4.9.0-9-amd64',
    '#1 SMP Debian 4.9.168-1 (2019-04-12)',
  ],
  ['Linux version 5.10.17-v7l+ (küche@büro) (gcc 8.4.0) #1403 SMP Mon', '5.10.17-v7l+', '#1403 SMP Mon'],
  ['Linux version 6.1 (a@b) (clang version 14) SMP', '6.1', undefined],
])('%s is parsed into its release and version', (text, release, version) => {
  expect(parseProcVersion(text)).toEqual({ release, version })
  expect(oddProcVersion(text)).toEqual([])
})

test.each([
  '',
  'Darwin Kernel Version 23.0.0',
  'Linux version ',
  'Linux version 6.1\nsecond line (x)',
  'Linux version 6.1 (\0)',
  `Linux version 6.1 (${'x'.repeat(5000)})`,
])('%j is reported as not a /proc/version', (text) => {
  expect(parseProcVersion(text)).toBeUndefined()
  expect(oddProcVersion(text)).toEqual([
    { field: 'proc-version', why: expect.stringContaining('"Linux version"') },
  ])
})

test('a missing /proc/version is not reported', () => {
  expect(oddProcVersion(undefined)).toEqual([])
})

test('any text gives the right release or none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const read = parseProcVersion(`Linux version 6.1 (${text}`)
      if (read !== undefined) expect(read.release).toBe('6.1')
    }),
  )
})
