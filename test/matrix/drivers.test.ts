// Tests how the matrix finds upstream's sources, and which catalogue and cells it makes of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSettings } from '../../cdk/settings.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { driverFor } from '../../lib/model/drivers.ts'
import { cellsOf } from '../../matrix/cells.ts'
import { catalogueAt, upstreamVersions } from '../../matrix/drivers.ts'

const folder = mkdtempSync(join(tmpdir(), 'matrix-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
for (const version of ['10.2.0+driver', '9.1.0+driver', '2.0.0+driver'])
  writeFileSync(join(folder, `${version}.tar.gz`), '')
writeFileSync(join(folder, 'README'), '')

test('the versions of a folder are those of its archives, oldest first', () => {
  expect(upstreamVersions(folder)).toEqual(['2.0.0+driver', '9.1.0+driver', '10.2.0+driver'])
  expect(upstreamVersions('https://mirror.example/{driverVersion}.tar.gz')).toEqual([])
  expect(upstreamVersions(undefined)).toEqual([])
})

test('the catalogue uses the archives of the folder, is valid in settings, and tries known failures', () => {
  const drivers = catalogueAt(folder)
  const { source, knownFailures } = driverFor({ ...DEFAULTS, drivers }, '2.0.0+driver')
  expect(source).toEqual({ from: 'archive', url: `file://${folder}/{driverVersion}.tar.gz` })
  expect(knownFailures).toBe('tried')
  expect(driverFor({ ...DEFAULTS, drivers }, '0.23.2').source.from).toBe('package')
  const file = join(folder, 'settings.json')
  writeFileSync(file, JSON.stringify({ drivers }))
  expect(readSettings(file, { local: true }).drivers).toEqual(drivers)
})

test('a mirror is a URL that contains the driver version', () => {
  const url = 'https://mirror.example/{driverVersion}.tar.gz'
  const { source } = driverFor({ ...DEFAULTS, drivers: catalogueAt(url) }, '7.3.0+driver')
  expect(source).toEqual({ from: 'archive', url })
})

test('each driver version has cells only for the kinds that the registry serves', () => {
  const kernels = [{ release: '6.1.192-2-amd64', series: '6.1' }]
  const versions = ['0.23.2', '9.1.0+driver', '10.2.0+driver']
  const cells = cellsOf(catalogueAt(folder), versions, kernels, { kinds: ['kmod', 'ebpf'] })
  expect(cells.map(({ driverVersion, driverName, kind }) => [driverVersion, driverName, kind])).toEqual([
    ['0.23.2', 'scap', 'kmod'],
    ['0.23.2', 'scap', 'ebpf'],
    ['9.1.0+driver', 'falco', 'kmod'],
    ['9.1.0+driver', 'falco', 'ebpf'],
    ['10.2.0+driver', 'falco', 'kmod'],
  ])
})
