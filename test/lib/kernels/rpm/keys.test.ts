// The keys that packages are believed by: whose they are, and until when. The calendar makes nothing red here: what ends soon
// is printed.

import { describe, expect, test } from 'vitest'
import { DEBIAN_KEYRING } from '../../../../lib/archives/keys/debian.ts'
import { FLATCAR_KEYS } from '../../../../lib/archives/keys/flatcar.ts'
import {
  type Certificate,
  endingWithin,
  readCertificates,
} from '../../../../lib/formats/openpgp/certificates.ts'
import { certificatesIn } from '../../../../lib/kernels/certificates.ts'
import { certificatesFor } from '../../../../lib/kernels/rpm/keys.ts'
import { RPM_ROWS, type RpmTarget } from '../../../../lib/kernels/rpm/rows.ts'

const DAY = 24 * 3_600_000
const TARGETS = Object.keys(RPM_ROWS) as RpmTarget[]
const debian = readCertificates(new TextEncoder().encode(DEBIAN_KEYRING))

/** As each distribution publishes them. */
const FINGERPRINTS: Partial<Record<RpmTarget, readonly string[]>> = {
  almalinux: [
    'BC5EDDCADF502C077F1582882AE81E8ACED7258B',
    'BF18AC2876178908D6E71267D36CB86CB86B3716',
    'EE6DB7B98F5BF5EDD9DA0DE5DEE5C11CC2A1E572',
  ],
  rocky: [
    '7051C470A929F454CEBE37B715AF5DAC6D745A60',
    '21CB256AE16FC54C6E652949702D426D350D275D',
    'FC226859C0860BF0DDB95B085B106C736FEDFC85',
  ],
  centos: ['6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5', '99DB70FAE1D7CE227FB6488205B555B38483C65D'],
  redhat: ['567E347AD0044ADE55BA8A5F199E2F91FD431D51', '7E4624258C406535D56D6F135054E4A45A6340B3'],
  fedora: [
    'C6E7F081CF80E13146676E88829B606631645531',
    '36F612DCF27F7D1A48A835E4DBFCF71C6D9F90A6',
    '4F50A6114CD5C6976A7F1179655A4B02F577861E',
  ],
  ol: [
    '42144123FECFC55B9086313D72F97B74EC551F03',
    '76FD3DB13AB67410B89DB10E82562EA9AD986DA3',
    '3E6D826D3FBAB389C2F38E34BC4D06A08D8B756F',
  ],
  amazonlinux2: ['99E617FE5DB527C0D8BD5F8E11CF1F95C87F5B1A'],
  amazonlinux2023: ['B21C50FA44A99720EAA72F7FE951904AD832C631'],
  opensuse: ['AD485664E901B867051AB15F35A2F86E29B700A4', '7F009157B127B994D5CFBE76F74F09BC3FA1D6CE'],
  sles: [
    'FEAB502539D846DB2C0961CA70AF9E8139DB7C82',
    '7F009157B127B994D5CFBE76F74F09BC3FA1D6CE',
    '1C59D66FCD52563A16933DBCFEC28EAF09D9EA69',
  ],
  azurelinux: ['BC528686B50D79E339D3721CEB3E94ADBE1229CF', '2BC94FFF7015A5F28F1537AD0CD9FED33135CE90'],
}

test.each(Object.entries(FINGERPRINTS) as [RpmTarget, readonly string[]][])(
  'packages of %s are believed by its own keys',
  (target, fingerprints) => {
    expect(certificatesFor(target, []).map(({ fingerprint }) => fingerprint)).toEqual(
      expect.arrayContaining([...fingerprints]),
    )
  },
)

test('each key has an end of its own, or none: what ends within 60 days is printed', () => {
  const all: [string, readonly Certificate[]][] = [
    ['debian', debian],
    ['flatcar', certificatesIn([FLATCAR_KEYS], 'flatcar.keys')],
    ...TARGETS.map((target): [string, readonly Certificate[]] => [target, certificatesFor(target, [])]),
  ]
  for (const [target, certificates] of all)
    for (const { fingerprint, ends } of endingWithin(60, certificates, Date.now()))
      process.stdout.write(
        `keys: ${target}'s ${fingerprint} ends on ${new Date(ends * 1000).toISOString().slice(0, 10)}\n`,
      )
  expect(all.length).toBeGreaterThan(10)
})

describe('a key ends soon', () => {
  const suse = certificatesFor('sles', [])
  const ends = Date.UTC(2027, 0, 18)
  const soon = (now: number) => endingWithin(60, suse, now).map(({ fingerprint }) => fingerprint)

  test('within 60 days of its end, and not before', () => {
    expect(soon(ends - 59 * DAY)).toContain('7F009157B127B994D5CFBE76F74F09BC3FA1D6CE')
    expect(soon(ends - 62 * DAY)).not.toContain('7F009157B127B994D5CFBE76F74F09BC3FA1D6CE')
  })

  test('and not once it has ended', () => {
    expect(soon(ends + 2 * DAY)).not.toContain('7F009157B127B994D5CFBE76F74F09BC3FA1D6CE')
  })
})

test('what an operator names as a key has to be one', () => {
  expect(() => certificatesFor('photon', ['not a key'])).toThrow(/photon\.keys of the settings/)
})
