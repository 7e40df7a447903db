// Tests whose packages of Arch Linux are trusted. The date fails no test here: the test prints keys that expire soon.

import { describe, expect, test } from 'vitest'
import { endingWithin } from '../../../../lib/formats/openpgp/certificates.ts'
import { archCertificates, watchedCertificates } from '../../../../lib/kernels/arch/keys.ts'

const own = archCertificates('x86_64', [])
const ofOwn = own.map(({ fingerprint }) => fingerprint)

describe('packages of Arch are trusted', () => {
  test.each([
    ['Jan Alexander Steffens, of linux and linux-zen', '83BC8889351B5DEBBB68416EB8AC08600F108CDF'],
    ['Christian Heusel', 'F00B96D15228013FFC9C9D0393B11DAA4C197E3D'],
    ['Andreas Radke, of linux-lts', 'ADC8A1FCC15E01D45310419E94657AB20F2A092B'],
    ['Levente Polyak, of linux-hardened', 'E240B57E2C4630BA768E2F26FC1B547C8D8172C8'],
    ['David Runge, of linux-rt', '991F6E3F0765CF6295888586139B09DA5BF0D338'],
  ])('if signed by %s', (_, fingerprint) => {
    expect(ofOwn).toContain(fingerprint)
  })

  test('only if the key can sign', () => {
    expect(own.filter(({ keys }) => keys.length === 0)).toEqual([])
    expect(own.length).toBeGreaterThan(70)
  })

  test.each([
    ['a key that was replaced', 'A2FF3A36AAA56654109064AB19802F8B0D70FC30'],
    ['a packager that left', 'CFA6AF15E5C74149FC1D8C086D1655C14CE1C13E'],
    [
      'a master key, which vouches for packagers and signs no package',
      'D8AFDDA07A5B6EDFA7D8CCDAD6D055F927843F1C',
    ],
    ['Arch Linux ARM', '68B3537F39A313B3E574D06777193F152BDBE6A6'],
  ])('but not if signed by %s', (_, fingerprint) => {
    expect(ofOwn).not.toContain(fingerprint)
  })
})

test('packages of Arch Linux ARM are trusted with the key of its build system alone', () => {
  expect(archCertificates('aarch64', []).map(({ fingerprint }) => fingerprint)).toEqual([
    '68B3537F39A313B3E574D06777193F152BDBE6A6',
  ])
})

test('a key in the settings must be a key', () => {
  expect(() => archCertificates('x86_64', ['not a key'])).toThrow(/arch\.keys of the settings/)
})

test('only the keys of kernel packagers are watched, because some other key always expires soon', () => {
  const watched = watchedCertificates([])
  expect(watched).toHaveLength(6)
  expect(watched[0]?.keys.length).toBeGreaterThan(0)
})

test('keys that expire within 60 days are printed', () => {
  for (const { fingerprint, ends } of endingWithin(60, own, Date.now()))
    process.stdout.write(
      `keys: arch's ${fingerprint} ends on ${new Date(ends * 1000).toISOString().slice(0, 10)}\n`,
    )
  expect(own.flatMap(({ keys }) => keys).some(({ ends }) => ends !== undefined)).toBe(true)
})
