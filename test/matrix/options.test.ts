// The command line of `npm run matrix`.

import { expect, test } from 'vitest'
import { readOptions, UsageError } from '../../matrix/options.ts'

test('without anything all that Debian has is built, and nothing is loaded or written', () => {
  expect(readOptions([], {})).toEqual({ kinds: ['kmod', 'ebpf'], load: false, write: false, help: false })
})

test('lists are of what stands between commas', () => {
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

test("the place of upstream's sources may come from the environment, and the command line goes before it", () => {
  const env = { MATRIX_DRIVERS: '/archives' }
  expect(readOptions([], env)).toMatchObject({ drivers: '/archives' })
  expect(readOptions(['--drivers', '/others'], env)).toMatchObject({ drivers: '/others' })
})

test.each([[['--kinds', 'modern_ebpf']], [['--version', '1']], [['6.1']]])('%j is refused', (args) => {
  expect(() => readOptions(args, {})).toThrow(UsageError)
})
