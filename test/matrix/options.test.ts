// Tests the command line of `npm run matrix`.

import { expect, test } from 'vitest'
import { readOptions, UsageError } from '../../matrix/options.ts'

test('without arguments the matrix builds both kinds, and loads and writes nothing', () => {
  expect(readOptions([], {})).toEqual({ kinds: ['kmod', 'ebpf'], load: false, write: false, help: false })
})

test('lists are separated by commas', () => {
  const args = [
    '--versions',
    '2.0.0+driver,0.23.2',
    '--series',
    '6.1',
    '--kinds',
    'ebpf',
    '--load',
    '--write',
  ]
  expect(readOptions(args, {})).toEqual({
    versions: ['2.0.0+driver', '0.23.2'],
    series: ['6.1'],
    kinds: ['ebpf'],
    load: true,
    write: true,
    help: false,
  })
})

test('the environment can set the place of the upstream sources, and the command line overrides it', () => {
  const env = { MATRIX_DRIVERS: '/archives' }
  expect(readOptions([], env)).toMatchObject({ drivers: '/archives' })
  expect(readOptions(['--drivers', '/others'], env)).toMatchObject({ drivers: '/others' })
})

test.each([[['--kinds', 'modern_ebpf']], [['--version', '1']], [['6.1']]])('%j is refused', (args) => {
  expect(() => readOptions(args, {})).toThrow(UsageError)
})
