import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostFacts, parseOsRelease } from '../../../lib/clients/host-names.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import { RAW } from '../../support/hosts.ts'

const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (isProbeError(error, 'malformed')) return error.message
    throw error
  }
  throw new Error('was accepted')
}

describe('os-release', () => {
  test('quotes and escapes are those of os-release(5)', () => {
    const text = [
      '# a comment',
      '',
      'ID=debian',
      'NAME="Debian \\"GNU\\"/Linux \\$5 \\\\ \\` \\n"',
      "PRETTY_NAME='as $is'",
      'EMPTY=',
      '  VERSION_ID="12"\r',
    ].join('\n')
    expect(Object.fromEntries(parseOsRelease(text))).toEqual({
      ID: 'debian',
      NAME: 'Debian "GNU"/Linux $5 \\ ` \\n',
      PRETTY_NAME: 'as $is',
      EMPTY: '',
      VERSION_ID: '12',
    })
  })

  test('the last assignment wins', () => {
    expect(parseOsRelease('ID=a\nID=b').get('ID')).toBe('b')
  })

  test.each([
    '$(reboot)',
    '`reboot`',
    '"$(reboot)"',
    '"$HOME"',
    'a;reboot',
    'a b',
    '"a""b"',
    '"a',
    "'a",
    '~root',
    'a|b',
  ])('a value that needs a shell names no kernel: %s', (value) => {
    expect(refusal(() => parseOsRelease(`ID=${value}`))).toMatch(/^os-release: the value of ID /)
    expect([...parseOsRelease(`ID=debian\nHOME_URL=${value}`).keys()]).toEqual(['ID'])
  })

  test('lines that assign nothing are ignored', () => {
    expect([...parseOsRelease('reboot\nID =x\nexport ID=y\n[section]\n=z\nID=debian')]).toEqual([
      ['ID', 'debian'],
    ])
  })

  test('its length and characters are bounded', () => {
    expect(refusal(() => parseOsRelease('#'.repeat(20_000)))).toMatch(/more than 16384/)
    expect(refusal(() => parseOsRelease('ID=a\0'))).toMatch(/control/)
    expect(refusal(() => parseOsRelease(`ID="${'a'.repeat(2000)}"`))).toMatch(/ID/)
  })

  test('any text is read or refused', () => {
    const line = fc.string({ unit: fc.constantFrom(...'ID=VERSION_"\'\\$`# \n;a1.~') })
    fc.assert(
      fc.property(line, (text) => {
        try {
          for (const value of parseOsRelease(text).values()) expect(value).not.toContain('\n')
        } catch (error) {
          expect(isProbeError(error, 'malformed')).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('the facts of a host', () => {
  test.each([
    ['x86_64', 'x86_64'],
    ['amd64', 'x86_64'],
    ['aarch64', 'aarch64'],
    ['arm64\n', 'aarch64'],
  ])('the machine %j is %s', (machine, arch) => {
    expect(hostFacts({ ...RAW.debian, machine }).machine).toBe(arch)
  })

  test.each([
    ['machine', { machine: 'riscv64' }],
    ['release', { release: '' }],
    ['release', { release: '6.1.0/../x' }],
    ['release', { release: '6'.repeat(65) }],
    ['version', { version: '#1\u0000' }],
    ['version', { version: '#'.repeat(65) }],
    ['etc-version', { etcVersion: 'v'.repeat(300) }],
    ['config-md5', { configMd5: 'D41D8CD98F00B204E9800998ECF8427E' }],
    ['os-release', { osRelease: 'ID=$(x)' }],
  ])('a broken field is named: %s', (field, change) => {
    expect(refusal(() => hostFacts({ ...RAW.debian, ...change }))).toMatch(new RegExp(`^${field}: `))
  })
})
