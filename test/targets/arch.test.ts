// Tests the judge for Arch with rows in driverkit's form, because driverkit's own file has no kernels of Arch.

import { expect, test } from 'vitest'
import { judgeOf } from '../../targets/judges.ts'
import type { Row } from '../../targets/rows.ts'

const ARCHIVE = 'https://archive.archlinux.org/packages/l'
const row = (kernelRelease: string, name: string, version: string, arch: Row['arch'] = 'x86_64'): Row => ({
  ...{ arch, target: 'arch', kernelRelease, kernelVersion: '1' },
  urls: ['xz', 'zst'].map((format) => `${ARCHIVE}/${name}/${name}-${version}-${arch}.pkg.tar.${format}`),
})
const ROWS = [
  row('6.6.1-arch1-1', 'linux-headers', '6.6.1.arch1-1'),
  row('6.8.0-arch1-1', 'linux-headers', '6.8.arch1-1'),
  row('6.1.62-1-lts', 'linux-lts-headers', '6.1.62-1'),
  row('6.6.1-zen1-1-zen', 'linux-zen-headers', '6.6.1.zen1-1'),
  row('6.5.11-hardened1-1-hardened', 'linux-hardened-headers', '6.5.11.hardened1-1'),
  row('7.2.8-1-aarch64-ARCH', 'linux-aarch64-headers', '7.2.8-1', 'aarch64'),
]
const wrongOnes = async (rows: readonly Row[]) => (await judgeOf('arch')(rows)).filter(({ right }) => !right)

test('the registry finds the own packages of each Arch kernel among the packages of all kernels', async () => {
  expect(await wrongOnes(ROWS)).toEqual([])
  expect(await wrongOnes(ROWS.map((one) => ({ ...one, urls: [] })))).toEqual([])
})

test('the judge rejects a kernel with the packages of another, and a kernel that is not from Arch', async () => {
  const [first, second, ...rest] = ROWS
  const swapped = [{ ...first!, urls: second!.urls }, { ...second!, urls: first!.urls }, ...rest]
  expect(await wrongOnes(swapped)).toHaveLength(2)
  expect(await wrongOnes([{ ...first!, kernelRelease: '6.1.0-13-amd64' }])).toMatchObject([
    { why: expect.stringMatching(/is not read as a kernel's release/) },
  ])
})
