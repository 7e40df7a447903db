// Tests 7,651 real kernels from driverkit's configs: the registry finds the own packages of each among the packages of all, or
// asks for a submitted config.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkKernel, TARGET_NAMES, targetNamed } from '../../lib/kernels/targets.ts'
import { judgeOf } from '../../targets/judges.ts'
import { type Row, readRows } from '../../targets/rows.ts'
import { table } from '../../targets/table.ts'

const FILE = join(import.meta.dirname, '../vectors/driverkit-kernels.tsv.gz')
const ROWS = readRows(FILE)
const of = (target: string): Row[] => ROWS.filter((row) => row.target === target)
const planned = [...new Set(ROWS.map(({ target }) => target))].filter(
  (target) => targetNamed(target) !== undefined,
)

test('the file has more than 7000 kernels of more than 6 targets', () => {
  expect(ROWS.length).toBeGreaterThan(7000)
  expect(planned.length).toBeGreaterThan(6)
})

describe.each(planned)('kernels of %s', (target) => {
  test('get their own packages, not those of another kernel', async () => {
    const verdicts = await judgeOf(target)(of(target))
    expect(verdicts.filter(({ right }) => !right)).toEqual([])
  })

  test('pass the check of a requested kernel', () => {
    const probe = { driverVersion: '10.2.0+driver', driverName: 'falco', kind: 'kmod' } as const
    for (const row of of(target)) expect(() => checkKernel({ ...probe, ...row })).not.toThrow()
  })
})

test.each(['minikube', 'talos', 'amazonlinux', 'amazonlinux2022'])(
  'for kernels of %s the registry asks for a submitted config',
  async (target) => {
    expect((await judgeOf(target)(of(target))).filter(({ right }) => !right)).toEqual([])
  },
)

describe('a judge', () => {
  const [first, second, ...rest] = of('almalinux')
  test('rejects a kernel with the packages of another kernel', async () => {
    const swapped = [{ ...first!, urls: second!.urls }, { ...second!, urls: first!.urls }, ...rest]
    const verdicts = await judgeOf('almalinux')(swapped)
    expect(verdicts.filter(({ right }) => !right)).toHaveLength(2)
  })

  test('rejects a kernel that has packages if the registry asks for a submitted config', async () => {
    const [row] = of('ubuntu-aws')
    expect(await judgeOf('templeos')([{ ...row!, target: 'templeos' }])).toMatchObject([{ right: false }])
  })
})

test('the judge accepts Flatcar releases with their own kernel version, and rejects a wrong release', async () => {
  const row = (kernelRelease: string, version: string): Row => ({
    ...{ arch: 'x86_64', target: 'flatcar', kernelRelease, kernelVersion: '1' },
    urls: [`https://cdn.kernel.org/pub/linux/kernel/v5.x/linux-${version}.tar.xz`],
  })
  const rows = [row('3510.2.8', '5.15.129'), row('3510.3.0', '5.15.136'), row('3745.0.0', '6.1.54')]
  expect(await judgeOf('flatcar')(rows)).toEqual(rows.map(() => ({ right: true })))
  expect(await judgeOf('flatcar')([row('5.15.129-flatcar', '5.15.129')])).toMatchObject([{ right: false }])
})

test('the command ends with one line per target: the number of rows, and of right ones', () => {
  const program = join(import.meta.dirname, '../../targets/main.ts')
  const { status, stdout } = spawnSync(process.execPath, [program, '--vectors', FILE], { encoding: 'utf8' })
  expect(status).toBe(0)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .slice(-new Set(ROWS.map(({ target }) => target)).size)
  for (const line of lines) expect(line).toMatch(/^[a-z0-9-]+ \d+ \d+$/)
  expect(lines).toContain('ol 1378 1378')
  expect(lines).toContain('ubuntu-generic 853 853')
})

describe('the table', () => {
  test('has every target, and how far each was tested', () => {
    for (const target of [...TARGET_NAMES.filter((name) => name !== 'ubuntu'), 'ubuntu, each flavour'])
      expect(table()).toMatch(new RegExp(`^\\| ${target} \\| .*(planned|built|loaded)`, 'm'))
  })

  test('is the same in docs/targets.md as in the output of the command', () => {
    const document = readFileSync(join(import.meta.dirname, '../../docs/targets.md'), 'utf8')
    expect(document).toContain(`\n\n${table()}\n\n`)
  })
})
