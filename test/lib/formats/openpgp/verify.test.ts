import { describe, expect, test } from 'vitest'
import { unarmor } from '../../../../lib/formats/openpgp/armor.ts'
import { readCertificates } from '../../../../lib/formats/openpgp/certificates.ts'
import { readCleartext } from '../../../../lib/formats/openpgp/cleartext.ts'
import { signaturesOf } from '../../../../lib/formats/openpgp/signature.ts'
import { type Believed, check, type Verification } from '../../../../lib/formats/openpgp/verify.ts'
import { isProbeError } from '../../../../lib/model/errors.ts'
import { certificatesOf, vector } from '../../../support/archives.ts'

/** A time after the newest list. */
const NOW = Date.UTC(2026, 10, 26)
const by = (...names: string[]): Believed => ({ certificates: names.flatMap(certificatesOf), now: NOW })

function ofText(file: string | Uint8Array, believed: Believed): Verification {
  const { signed, signatures } = readCleartext(typeof file === 'string' ? vector(file) : file)
  return check(signatures, [signed], believed)
}
function ofRepomd(folder: string, believed: Believed): Verification {
  const signatures = unarmor(vector(`repomd/${folder}/repomd.xml.asc`), 'signature').flatMap(signaturesOf)
  return check(signatures, [vector(`repomd/${folder}/repomd.xml`)], believed)
}

describe('a list with several signatures', () => {
  test.each([
    ['debian-11-security', 'ED541312A33F1128F10B1C6C54404762BBB6E853'],
    ['debian-12-security', 'B0CAB9266E8C3929798B3EEEBDE6D2B9216EC7A8'],
  ])('is trusted with the key of %s alone, through its subkey', (name, fingerprint) => {
    expect(ofText('apt/debian-bookworm-security.InRelease', by(name))).toMatchObject({
      tag: 'good',
      signer: { fingerprint },
    })
  })

  test('is not trusted with the keys of other distributions', () => {
    expect(
      ofText('apt/debian-bookworm-security.InRelease', by('raspberrypi', 'ubuntu-cdimage')),
    ).toMatchObject({
      tag: 'refused',
      reason: 'unknown-key',
    })
  })

  test('is refused after a word of it was changed', () => {
    const file = Buffer.from(vector('apt/raspberrypi-buster.InRelease'))
    expect(ofText(file, by('raspberrypi'))).toMatchObject({ tag: 'good' })
    file.write('Suite: oldest', file.indexOf('Suite: '))
    expect(ofText(file, by('raspberrypi'))).toMatchObject({ tag: 'refused', reason: 'not-the-bytes' })
  })
})

describe('a text with its signature around it', () => {
  const file = Buffer.from(vector('apt/raspberrypi-buster.InRelease')).toString('latin1')
  const changed = (from: string, to: string) => Buffer.from(file.replace(from, to), 'latin1')

  test('may end its lines with CRLF', () => {
    expect(ofText(Buffer.from(file.replaceAll('\n', '\r\n'), 'latin1'), by('raspberrypi'))).toMatchObject({
      tag: 'good',
    })
  })

  test.each([
    ['a line before the text that one reader would take for text', 'Hash: ', 'Origin: Evil\nHash: '],
    ['a line before it', '-----BEGIN PGP SIGNED', 'Origin: Evil\n-----BEGIN PGP SIGNED'],
    ['a line that begins with a dash', 'Origin: ', '--Origin: '],
    ['no signature', '-----BEGIN PGP SIGNATURE-----', ''],
  ])('with %s is refused', (_, from, to) => {
    expect(() => readCleartext(changed(from, to))).toThrow(/not OpenPGP packets/)
  })

  test('does not include the lines after its signature', () => {
    const { text } = readCleartext(Buffer.from(`${file}\nOrigin: Evil\n`, 'latin1'))
    expect(text).toMatch(/^Origin: Raspberry Pi/)
    expect(text).not.toMatch('Evil')
  })
})

test('the list of kernel.org verifies with a key that has no user ID', () => {
  expect(ofText('kernelorg/v4.x-sha256sums-2017-02-01.asc', by('kernelorg-autosigner'))).toMatchObject({
    tag: 'good',
    signer: { fingerprint: 'B8868C80BA62A1FFFAF5FDA9632D3A06589DA6B1', userId: '' },
  })
})

describe('repomd.xml', () => {
  const own = (folder: string): Believed => ({
    certificates: readCertificates(vector(`repomd/${folder}/repomd.xml.key`)),
    now: NOW,
  })

  test('of CentOS today is signed by a packet of version 4', () => {
    expect(ofRepomd('centos-kmods-sig', by('centos-sig-kmods'))).toMatchObject({
      how: 'RSA with SHA256, version 4',
    })
  })

  test.each(['opensuse-11.0-update', 'opensuse-10.2-updates-testkey'])(
    'of %s is signed by DSA, in a packet of version 3',
    (folder) => {
      expect(ofRepomd(folder, own(folder))).toMatchObject({ tag: 'good', how: 'DSA with SHA1, version 3' })
    },
  )

  test.each([
    ['neg-libzypp-wrongsig', 'not-the-bytes'],
    ['neg-private-el9', 'unknown-key'],
    ['neg-libzypp-unknownkey', 'unknown-key'],
  ])('of %s is refused: %s', (folder, reason) => {
    const believed = folder === 'neg-libzypp-wrongsig' ? own(folder) : by('alma-9', 'rocky-9')
    expect(ofRepomd(folder, believed)).toMatchObject({ tag: 'refused', reason })
  })
})

describe('a signature is judged by the time at which it was made', () => {
  const signed = new Date('2008-10-23T00:00:00Z').getTime()
  const folder = 'opensuse-11.0-update'
  const [certificate] = readCertificates(vector(`repomd/${folder}/repomd.xml.key`))
  const [key] = certificate!.keys
  const withKey = (change: Partial<typeof key>): Verification =>
    ofRepomd(folder, { certificates: [{ ...certificate!, keys: [{ ...key!, ...change }] }], now: NOW })

  test('it is good although its key has expired since, and the result shows the expiry', () => {
    const verification = ofRepomd(folder, { certificates: [certificate!], now: NOW })
    expect(verification).toMatchObject({ tag: 'good' })
    expect(verification.tag === 'good' && verification.ended! * 1000).toBeLessThan(NOW)
  })

  test.each([
    ['had ended before', { ends: signed / 1000 - 86_400 }],
    ['was not made yet', { created: signed / 1000 + 10 * 86_400 }],
    ['was revoked before', { revoked: signed / 1000 - 86_400 }],
    ['is revoked, and may have been in other hands', { revoked: 0 }],
  ])('a signature is refused if its key %s', (_, change) => {
    expect(withKey(change)).toMatchObject({ tag: 'refused', reason: 'untimely' })
  })

  test('a signature by a key that was retired later is good', () => {
    expect(withKey({ revoked: signed / 1000 + 10 * 86_400 })).toMatchObject({ tag: 'good' })
  })

  test('a signature of the future is refused', () => {
    expect(ofRepomd(folder, { certificates: [certificate!], now: signed - 3 * 86_400_000 })).toMatchObject({
      reason: 'untimely',
    })
  })
})

test('a signature with one changed byte is refused, unless nothing depends on the byte', () => {
  const real = unarmor(vector('repomd/centos-kmods-sig/repomd.xml.asc'), 'signature')[0]!
  const accepted: number[] = []
  for (let at = 0; at < real.length; at += 1) {
    const bytes = Buffer.from(real)
    bytes[at] = (bytes[at] ?? 0) ^ 0x41
    try {
      const list = vector('repomd/centos-kmods-sig/repomd.xml')
      if (check(signaturesOf(bytes), [list], by('centos-sig-kmods')).tag === 'good') accepted.push(at)
    } catch (error) {
      expect(isProbeError(error, 'signature-invalid')).toBe(true)
    }
  }
  // The type of an unsigned subpacket, and the two bytes that only speed up a check (RFC 9580, section 5.2.3).
  expect(accepted).toEqual([41, 50, 51])
})
