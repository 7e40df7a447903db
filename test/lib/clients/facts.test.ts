import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostFacts } from '../../../lib/clients/facts.ts'
import { parseOsRelease } from '../../../lib/clients/os-release.ts'
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
  ])('a value that needs a shell is refused for ID and ignored elsewhere: %s', (value) => {
    expect(refusal(() => parseOsRelease(`ID=${value}`))).toMatch(/^os-release: its value of ID is "/)
    expect([...parseOsRelease(`ID=debian\nHOME_URL=${value}`).keys()]).toEqual(['ID'])
  })

  test('a byte order mark and UTF-8 in a name are accepted', () => {
    expect(Object.fromEntries(parseOsRelease('\ufeffID=debian\nNAME="Gerät"'))).toEqual({
      ID: 'debian',
      NAME: 'Gerät',
    })
  })

  test('lines that assign nothing are ignored', () => {
    expect([...parseOsRelease('reboot\nID =x\nexport ID=y\n[section]\n=z\nID=debian')]).toEqual([
      ['ID', 'debian'],
    ])
  })

  test('its length and characters are bounded', () => {
    expect(refusal(() => parseOsRelease('#'.repeat(20_000)))).toMatch(/more than 16384/)
    expect(refusal(() => parseOsRelease('ID=a\0'))).toMatch(/value of ID/)
    expect([...parseOsRelease('ID=a\nNAME=b\x1b[2J')]).toEqual([['ID', 'a']])
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
    ['machine', { machine: 'riscv64' }, 'such as x86_64'],
    ['release', { release: '' }, 'such as 6.1.0-56-amd64'],
    ['release', { release: '6.1.0/../x' }, 'what uname -r prints'],
    ['release', { release: '6'.repeat(65) }, 'at most 64'],
    ['version', { version: '#1\u0000' }, 'what uname -v prints'],
    ['version', { version: '#1\n#2' }, 'one line'],
    ['version', { version: '#'.repeat(65) }, 'at most 64 characters'],
    ['config-md5', { configMd5: 'D41D8CD98F00B204E9800998ECF8427E' }, '32 digits of lower-case hex'],
  ])(
    'the error for a broken required fact names it and describes a correct value: %s',
    (field, change, words) => {
      const message = refusal(() => hostFacts({ ...RAW.debian, ...change }))
      expect(message).toMatch(new RegExp(`^${field}: `))
      expect(message).toContain(words)
      expect(message).not.toMatch(/[\^$[\]{}|]/)
    },
  )

  test('a version in another alphabet is read', () => {
    const version = '#1 SMP Тест 2026'
    expect(hostFacts({ ...RAW.debian, version: `${version}\n` }).unameVersion).toBe(version)
  })

  test.each([
    ['os-release', { osRelease: 'ID=$(x)' }, 'osRelease', /value of ID is "\$\(x\)".*target vanilla/],
    ['os-release', { osRelease: '#'.repeat(20_000) }, 'osRelease', /more than 16384 characters/],
    ['etc-version', { etcVersion: 'v'.repeat(300) }, 'etcVersion', /not one short line/],
    ['etc-version', { etcVersion: 'major="7"\nproductversion="7.2.1"' }, 'etcVersion', /not one short line/],
    ['etc-version', { etcVersion: 'Gerät 1.2.3' }, 'etcVersion', /not one short line/],
  ] as const)('%s with an odd value is ignored, with the reason', (field, change, name, why) => {
    const facts = hostFacts({ ...RAW.debian, ...change })
    expect(facts.ignored).toEqual([{ field, why: expect.stringMatching(why) }])
    expect(facts[name]).toBeUndefined()
    expect(facts.unameRelease).toBe(RAW.debian.release)
  })

  test('an /etc/VERSION without a version is ignored, with the reason', () => {
    const { ignored } = hostFacts({ ...RAW.debian, etcVersion: 'unknown' })
    expect(ignored).toEqual([{ field: 'etc-version', why: expect.stringContaining('such as v1.26.0') }])
    expect(hostFacts({ ...RAW.minikube }).ignored).toEqual([])
    expect(hostFacts({ ...RAW.debian, etcVersion: '' }).ignored).toEqual([])
  })
})
