import { describe, expect, test } from 'vitest'
import type { Place } from '../../../../lib/packages/places.ts'
import { placeOf } from '../../../../lib/packages/places.ts'

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)]
const NAME = 'falco_almalinux_5.14.0-427.el9.x86_64_1.ko'
const kept = (sha256: string): Place => ({ tag: 'kept', object: `rpm/by-hash/${sha256}` })
const ID = 'rpm/10.2.0+driver/almalinux-el9'

describe('a path below a repository', () => {
  test.each<[string, Place]>([
    ['repodata/repomd.xml', { tag: 'shown', id: ID, file: 'repodata/repomd.xml' }],
    ['repodata/repomd.xml.asc', { tag: 'shown', id: ID, file: 'repodata/repomd.xml.asc' }],
    ['mirrorlist', { tag: 'mirrors', id: ID }],
    [`repodata/${A}-primary.xml.gz`, kept(A)],
    [`flavours/${A}/falco-probe-kernel-10.2.0+driver-1.x86_64.rpm`, kept(A)],
    [`at/${A}/${B}/repodata/repomd.xml`, kept(A)],
    [`at/${A}/${B}/repodata/repomd.xml.asc`, kept(B)],
    [`at/${A}/${B}/repodata/${'c'.repeat(64)}-other.xml.gz`, kept('c'.repeat(64))],
    [
      `packages/x86_64/${NAME}/${A}/x.rpm`,
      {
        tag: 'package',
        object: `rpm/packages/driver/10.2.0+driver/x86_64/${NAME}/${A}/x.rpm`,
        key: `driver/10.2.0+driver/x86_64/${NAME}`,
      },
    ],
  ])('%s', (path, place) => {
    expect(placeOf(`/rpm/10.2.0%2Bdriver/almalinux-el9/${path}`)).toEqual(place)
  })

  test.each([
    '',
    'repodata',
    'repodata/other.xml',
    'state.json',
    `repodata/${A.slice(1)}-primary.xml.gz`,
    `repodata/x/${A}-primary.xml.gz`,
    `at/${A}`,
    `at/${A}/x/repodata/repomd.xml`,
    `at/${A}/${B}/mirrorlist`,
    `at/${A}/${B}/at/${A}/${B}/repodata/repomd.xml`,
    'flavours/x/y.rpm',
    `packages/x86_64/${NAME}/${A}`,
    `packages/x86_64/${NAME}/${A}/x.deb`,
    `packages/${NAME}/${A}/x.rpm`,
  ])('%j leads nowhere', (path) => {
    expect(placeOf(`/rpm/10.2.0+driver/almalinux-el9/${path}`)).toBeUndefined()
  })
})

test('a package is the same object in every snapshot', () => {
  const path = `packages/x86_64/${NAME}/${A}/x.rpm`
  const [one, other] = [path, `at/${A}/${B}/${path}`].map((at) => placeOf(`/rpm/1/almalinux-el9/${at}`))
  expect(one).toEqual(other)
})

test.each([
  ['rhel-el9', 'redhat-el9'],
  ['amzn-amzn2023', 'amazonlinux2023-amzn2023'],
  ['amzn-amzn2', 'amazonlinux2-amzn2'],
  ['opensuse-leap-15.5', 'opensuse-15.5'],
  ['fedora-fc41', 'fedora-fc41'],
])('the name that a host has for its distribution leads to the repository: %s', (asked, repository) => {
  expect(placeOf(`/rpm/1/${asked}/mirrorlist`)).toEqual({ tag: 'mirrors', id: `rpm/1/${repository}` })
})
