import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type ListedRpm, readDatabase, readPrimary } from '../../../../lib/archives/rpm/primary.ts'
import { readRepomd, urlBelow } from '../../../../lib/archives/rpm/repomd.ts'
import { queryDatabase } from '../../../../lib/aws/sqlite.ts'
import { isProbeError } from '../../../../lib/model/errors.ts'
import { vector } from '../../../support/archives.ts'
import { packRpm } from '../../../support/rpm/repository.ts'

const BASE = 'https://mirror.invalid/9/BaseOS'
const KERNELS = { id: 'kernels', test: (name: string) => name.startsWith('kernel') }
const bytes = (text: string) => new TextEncoder().encode(text)
const read = (text: string): Promise<readonly ListedRpm[]> => readPrimary(gzipSync(text), BASE, KERNELS)

const pkg = (name: string, more = '') => `<package type="rpm"><name>${name}</name><arch>x86_64</arch>
  <version epoch="0" ver="5.14.0" rel="1.el9"/><checksum type="sha256" pkgid="YES">${'a'.repeat(64)}</checksum>
  <size package="1234" installed="1" archive="1"/><location href="Packages/k/${name}.rpm"/>
  <format><rpm:requires><rpm:entry name="kernel-devel" flags="EQ" epoch="0" ver="5.14.0" rel="1.el9"/>
  <rpm:entry name="bash" flags="GE" ver="1"/></rpm:requires>${more}</format></package>`
const list = (...packages: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="2">${packages.join('\n')}</metadata>`

describe('primary.xml', () => {
  test('gives URL, size and digest of each requested package, and nothing about others', async () => {
    expect(await read(list(pkg('bash'), pkg('kernel-devel'), pkg('zlib')))).toEqual([
      {
        ...{ name: 'kernel-devel', epoch: 0, version: '5.14.0', release: '1.el9', arch: 'x86_64' },
        url: `${BASE}/Packages/k/kernel-devel.rpm`,
        bytes: 1234,
        sha256: 'a'.repeat(64),
        needs: ['kernel-devel 5.14.0-1.el9'],
      },
    ])
  })

  test('has the packages of a real repository of kernel modules', async () => {
    const xml = vector('repomd/centos-kmods-sig/primary.xml.gz')
    const found = await readPrimary(xml, BASE, { id: 'all', test: () => true })
    expect(found).toHaveLength(111)
    expect(found[0]).toMatchObject({ name: 'kmod-3c59x', epoch: 1, arch: 'aarch64', bytes: 48660 })
  })

  test.each([
    ['no XML', 'busy'],
    ['an error page', '<html><p>busy</html>'],
    ['half a list', list(pkg('kernel-devel')).slice(0, 500)],
    [
      'an entity of its own',
      '<!DOCTYPE m [<!ENTITY a "b">]><metadata><package><name>&a;</name></package></metadata>',
    ],
    ['elements in elements without end', '<a>'.repeat(100)],
  ])('is refused: %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'mirror-unreachable' })
  })

  test('with random changes is read, or refused with a ProbeError', async () => {
    const real = list(pkg('kernel-devel'), pkg('kernel'))
    await fc.assert(
      fc.asyncProperty(fc.nat(real.length - 1), fc.string({ maxLength: 5 }), async (at, text) => {
        try {
          await read(real.slice(0, at) + text + real.slice(at + text.length))
        } catch (error) {
          expect(isProbeError(error)).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('an old repository in bzip2', () => {
  const folder = mkdtempSync(join(tmpdir(), 'repository-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const known = { version: '5.14.0', release: '1.el9', arch: 'x86_64' } as const
  packRpm(folder, { name: 'kernel-devel', ...known, content: { 'usr/src/a': 'a' } })
  packRpm(folder, { name: 'bash', ...known, content: { 'usr/bin/a': 'a' } })
  execFileSync('createrepo_c', ['--quiet', '--database', '--general-compress-type=bz2', folder])
  const files = readdirSync(join(folder, 'repodata'))
  const packed = (end: string): Buffer =>
    readFileSync(join(folder, 'repodata', files.find((name) => name.endsWith(end)) ?? end))

  test('is read from its primary.xml', async () => {
    const found = await readPrimary(packed('primary.xml.bz2'), BASE, KERNELS)
    expect(found.map(({ name }) => name)).toEqual(['kernel-devel'])
  })

  test('is read from its SQLite database', async () => {
    const found = await readDatabase(queryDatabase, packed('primary.sqlite.bz2'), BASE, KERNELS)
    expect(found.map(({ name }) => name)).toEqual(['kernel-devel'])
  })

  test('is refused if lzma packed it, and the error asks for gzip', async () => {
    const lzma = execFileSync('xz', ['--format=lzma', '-c'], { input: 'x' })
    await expect(readPrimary(lzma, BASE, KERNELS)).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(/compressed by lzma.* needs a primary.xml in gzip/),
    })
  })
})

describe('the location of a package', () => {
  test.each([
    ['Packages/k/kernel-devel-1.rpm', `${BASE}/Packages/k/kernel-devel-1.rpm`],
    ['../../../blobstore/ab/kernel-devel-1.rpm', 'https://mirror.invalid/blobstore/ab/kernel-devel-1.rpm'],
    ['Packages/kernel-devel-4.18.0~1%2B2.rpm', `${BASE}/Packages/kernel-devel-4.18.0~1%2B2.rpm`],
  ])('%s is on the same host', (href, url) => {
    expect(urlBelow(BASE, href)).toBe(url)
  })

  test.each([
    '/etc/passwd',
    '//other.invalid/a.rpm',
    'https://other.invalid/a.rpm',
    'a b.rpm',
    'a?b',
    '',
    '\\\\other\\a',
  ])('%j is refused', (href) => {
    expect(urlBelow(BASE, href)).toBeUndefined()
  })
})

describe('repomd.xml', () => {
  const repomd = (data: string) => bytes(`<?xml version="1.0"?><repomd>${data}</repomd>`)
  const primary = (href: string, type = 'sha256') =>
    `<data type="primary"><checksum type="${type}">ab</checksum><location href="${href}"/></data>`

  test('names the files of its repository, with their digests', () => {
    const found = readRepomd(vector('repomd/centos-kmods-sig/repomd.xml'), BASE)
    expect(found.get('primary')).toMatchObject({
      hash: 'sha256',
      href: expect.stringMatching(/primary\.xml\.gz$/),
    })
  })

  test('may name SHA-1 as createrepo did', () => {
    expect(readRepomd(repomd(primary('repodata/primary.xml.gz', 'sha')), BASE).get('primary')?.hash).toBe(
      'sha1',
    )
  })

  test.each([
    primary('../../etc/passwd'),
    primary('/etc/passwd'),
    primary('https://o.invalid/a'),
    primary('a', 'md5'),
  ])('is refused with %s', (data) => {
    expect(() => readRepomd(repomd(data), BASE)).toThrow(/names no metadata/)
  })
})
