import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sha256 } from '../../../../lib/model/digest.ts'
import { probeOf } from '../../../../lib/names/grammar.ts'
import { debsOf } from '../../../../lib/packages/apt/package.ts'
import type { Contents, Published } from '../../../../lib/packages/contents.ts'

const dir = mkdtempSync(join(tmpdir(), 'apt-package-'))
afterAll(() => rmSync(dir, { recursive: true }))

const key = 'driver/11.0.0+driver/x86_64/falco_debian_6.1.192-2-amd64_1.ko'
const source = { name: 'libs', version: '1', url: 'https://example.org/libs', sha256: 'a'.repeat(64) }
const published = (unameRelease = '6.1.0-56-amd64'): Published => ({
  ...{ tag: 'published', key, probe: probeOf(key) },
  publication: {
    ...{ sha256: 'b'.repeat(64), bytes: 3, objectKey: key, publishedAt: Date.UTC(2026, 10, 23) },
    provenance: {
      ...{ unameRelease, driverSource: source, headers: [source] },
      ...{ compiler: 'gcc-12', compilerVersion: 'gcc 12', timings: {} },
    },
  },
})
const contents: Contents = {
  module: Buffer.from('elf'),
  signature: Buffer.from('signature'),
  statement: '!statement=1\n',
  licence: 'MIT, or GPL-2.0\n',
}

const [module, flavour] = debsOf(published(), contents)

test('the same published bytes give the same packages', () => {
  expect(debsOf(published(), contents)).toEqual([module, flavour])
})

test.each([
  ['module', () => module!],
  ['flavour', () => flavour!],
])(
  'the entry of the package of the %s in the list equals its control file, with its path, size and digest',
  (_, deb) => {
    const { body, stanza, path } = deb()
    writeFileSync(join(dir, 'a.deb'), body)
    const control = execFileSync('dpkg-deb', ['-f', join(dir, 'a.deb')]).toString()
    const name = path.split('/').at(-1)
    expect(stanza).toBe(
      `${control}Filename: pool/${key}/${sha256(body)}/${name}\nSize: ${body.length}\nSHA256: ${sha256(body)}\n`,
    )
  },
)

test('the package of the module provides and conflicts with the same name, so that a kernel has one driver version at a time', () => {
  expect(module!.stanza).toContain('\nProvides: falco-probe (= 11.0.0+driver), falco-probe-6.1.0-56-amd64\n')
  expect(module!.stanza).toContain('\nConflicts: falco-probe-6.1.0-56-amd64\n')
  expect(module!.stanza).toContain('\nDepends: kmod\n')
})

test('the package of the flavour depends on the package of exactly that kernel', () => {
  expect(flavour!.stanza).toContain('\nDepends: falco-probe-11.0.0+driver-6.1.0-56-amd64 (= 6.1.192-2)\n')
  expect(flavour!.stanza).toMatch(/^Package: falco-probe-amd64\nVersion: 6\.1\.192-2\+11\.0\.0\+driver\n/)
})

test('a kernel has no package if its release could be a command of a shell or a path', () => {
  for (const release of ['6.1; reboot', '6.1$(id)', '../6.1', '6.1 amd64', ''])
    expect(() => debsOf(published(release), contents)).toThrow(
      expect.objectContaining({ code: 'misconfigured' }),
    )
})
