import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aptSuites } from '../../../local/start/apt-sources.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

function suites(files: Record<string, string>): string[] {
  const etc = temporaryFolder()
  mkdirSync(join(etc, 'sources.list.d'))
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(etc, name), text.replaceAll('ETC', etc))
  return aptSuites(etc).map(({ mirror, suite }) => `${mirror} ${suite}`)
}

test('the one-line format gives the suites of the archive', () => {
  const text = `
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian/ bookworm main contrib # a remark
deb-src http://a.example/debian trixie main
deb https://b.example/debian-security bookworm-security main`
  expect(suites({ 'sources.list': text })).toEqual([
    'http://a.example/debian bookworm',
    'https://b.example/debian-security bookworm-security',
  ])
})

test('the deb822 format gives each suite of the enabled stanzas once', () => {
  const text = `Types: deb deb-src
# a remark
URIs: http://a.example/debian
Suites: bookworm bookworm-updates
 bookworm-backports
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://a.example/debian/
Suites: bookworm
Components: main
`
  expect(suites({ 'sources.list.d/debian.sources': text })).toEqual([
    'http://a.example/debian bookworm',
    'http://a.example/debian bookworm-updates',
    'http://a.example/debian bookworm-backports',
  ])
})

test('a mirror list file of a cloud image is read', () => {
  const sources = 'Types: deb\nURIs: mirror+file:ETC/mirrors.list\nSuites: bookworm\nComponents: main\n'
  const files = { 'sources.list.d/debian.sources': sources, 'mirrors.list': 'https://m.example/debian\n' }
  expect(suites(files)).toEqual(['https://m.example/debian bookworm'])
})

test('third-party archives, other schemes and URLs with passwords are left out', () => {
  const text = `deb https://docker.example/linux/debian bookworm stable
deb https://apt.example bookworm main
deb http://a.example/debian bookworm-pgdg main
deb file:/srv/debian bookworm main
deb http://user:word@a.example/debian bookworm main
deb`
  expect(
    suites({ 'sources.list': text, 'sources.list.d/ignored.txt': 'deb http://a.example/debian sid main' }),
  ).toEqual([])
})
