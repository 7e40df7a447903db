import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from '../../../lib/names/grammar.ts'
import { type StatementFacts, statementOf } from '../../../lib/signing/statement.ts'
import { formatAs } from '../../support/names/format-as.ts'

const source = (name: string) => ({
  name,
  version: '1:2.3~rc1-4+b5',
  url: 'https://x',
  sha256: 'e'.repeat(64),
})
const DIGEST = 'c0ffee'.padEnd(64, '0')

const factsOf = (path: string): StatementFacts => {
  const name = parse(path)
  if (name.tag !== 'probe') throw new Error(path)
  return {
    probe: name.probe,
    unameRelease: '6.1.0-56-amd64',
    driverSource: source('driver'),
    headers: [source('linux-headers-6.1.0-56-amd64'), source('linux-headers-6.1.0-56-common')],
    compiler: 'gcc-12',
  }
}
const DEBIAN = '/driver/9.1.0%2Bdriver/x86_64/falco_debian_6.1.192-2-amd64_1.ko'
const critical = (statement: readonly string[]) => statement.filter((part) => part.startsWith('!'))

test('a statement has all inputs of the bytes, and marks the parts that a host can check', () => {
  const audit = '_1:2.3~rc1-4+b5@sha256:'.concat('e'.repeat(64))
  expect(statementOf(factsOf(DEBIAN))).toEqual([
    '!statement=1',
    '!driver-name=falco',
    '!driver-version=9.1.0+driver',
    '!kind=kmod',
    '!arch=x86_64',
    '!uname-release=6.1.0-56-amd64',
    '!target=debian',
    '!kernel-release=6.1.192-2-amd64',
    '!kernel-version=1',
    `driver-source=driver${audit}`,
    `kernel-input=linux-headers-6.1.0-56-amd64${audit}`,
    `kernel-input=linux-headers-6.1.0-56-common${audit}`,
    'compiler=gcc-12',
  ])
})

test('an unsigned input has another name than the signed ones', () => {
  const facts = factsOf(DEBIAN)
  const [own, ...others] = facts.headers
  const parts = statementOf({ ...facts, headers: [{ ...own!, unsigned: true }, ...others] })
  expect(parts.filter((part) => part.includes('kernel-input')).map((part) => part.split('_')[0])).toEqual([
    'unsigned-kernel-input=linux-headers-6.1.0-56-amd64',
    'kernel-input=linux-headers-6.1.0-56-common',
  ])
})

test('each submitted input is a critical part of the statement', () => {
  const submitted = {
    config: DIGEST,
    symvers: DIGEST.replaceAll('0', '1'),
    kheaders: DIGEST.replaceAll('0', '2'),
    procVersion: DIGEST.replaceAll('0', '3'),
    kernelUrls: DIGEST.replaceAll('0', '4'),
    force: true,
  }
  const own = critical(statementOf({ ...factsOf(DEBIAN), submitted }))
  expect(own.slice(critical(statementOf(factsOf(DEBIAN))).length)).toEqual([
    `!config-sha256=${submitted.config}`,
    `!symvers-sha256=${submitted.symvers}`,
    `!kernel-headers-sha256=${submitted.kheaders}`,
    `!proc-version-sha256=${submitted.procVersion}`,
    `!header-urls-sha256=${submitted.kernelUrls}`,
    '!force=true',
  ])
})

test('overrides by force are in the statement as parts that are not critical', () => {
  const forced = [
    { code: 'patched-kernel', option: 'CONFIG_RHEL_DIFFERENCES', detail: 'its structures are others' },
    { code: 'release-mismatch', option: '# Linux/x86 6.1.192 Kernel Configuration', detail: 'another' },
    { code: 'lost-options', option: 'CONFIG_A,CONFIG_B', detail: 'two' },
  ]
  const parts = statementOf({ ...factsOf(DEBIAN), forced })
  expect(parts.slice(-3)).toEqual([
    'forced=patched-kernel:CONFIG_RHEL_DIFFERENCES',
    'forced=release-mismatch',
    'forced=lost-options:CONFIG_A,CONFIG_B',
  ])
  expect(critical(parts)).toEqual(critical(statementOf(factsOf(DEBIAN))))
})

describe('two probes', () => {
  test('with two names have two statements', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9.+~-]{1,20}$/).filter((text) => !text.includes('..'))
    const probe = fc.record({
      driverVersion: word.map((text) => `1${text}`),
      target: word.map((text) => `t${text}`),
      kernelRelease: word.map((text) => `6.1${text}`),
      kernelVersion: word.map((text) => `1${text}`),
      arch: fc.constantFrom('x86_64' as const, 'aarch64' as const),
      driverName: fc.constantFrom('falco' as const, 'scap' as const),
      kind: fc.constantFrom('kmod' as const, 'ebpf' as const),
    })
    const written = (one: StatementFacts['probe']) =>
      critical(statementOf({ ...factsOf(DEBIAN), probe: one })).join('\n')
    fc.assert(
      fc.property(probe, probe, (a, b) => {
        fc.pre(formatAs('current', a) !== formatAs('current', b))
        expect(written(a)).not.toBe(written(b))
      }),
    )
  })
})

test.each(['a\nb', 'a b', '', 'é', 'x'.repeat(401)])(
  'a part that gpg would not print unchanged, %j, is never signed',
  (compiler) => {
    expect(() => statementOf({ ...factsOf(DEBIAN), compiler })).toThrow(/is not a part of a statement/)
  },
)
