// A kernel's headers on a machine of another architecture: the tools are that one's, of the very same version.

import { expect, test } from 'vitest'
import type { AptPackage } from '../../../../lib/archives/apt/packages.ts'
import { type MachineArchive, withToolsFor } from '../../../../lib/kernels/debian/host-tools.ts'

const pkg = (name: string, arch: string, version = '6.1.192-2'): AptPackage => ({
  name,
  version,
  url: `http://m.invalid/${name}_${version}_${arch}.deb`,
  sha256: `${name}-${arch}`,
  bytes: 7,
  format: 'deb',
  depends: '',
})
const HEADERS = [
  pkg('linux-headers-6.1.0-56-common', 'all'),
  pkg('linux-kbuild-6.1', 'arm64'),
  pkg('linux-headers-6.1.0-56-arm64', 'arm64'),
]

/** What the archive has for amd64 now, and what it had. */
function archive(now: AptPackage[], had: AptPackage[] = []) {
  const asked: string[] = []
  const ports: MachineArchive = {
    read: async () => now,
    dropped: async (machine, kernelRelease) => {
      asked.push(`${machine} ${kernelRelease}`)
      return had
    },
  }
  return { ports, asked }
}
const urls = async (ports: MachineArchive) =>
  (await withToolsFor(ports, 'x86_64', '6.1.192-2-arm64-16k', HEADERS)).map(({ url }) =>
    url.replace(/.*\//, ''),
  )

test('only the tools are those of the machine', async () => {
  const { ports, asked } = archive([
    pkg('linux-kbuild-6.1', 'amd64', '6.1.176-1'),
    pkg('linux-kbuild-6.1', 'amd64'),
  ])
  expect(await urls(ports)).toEqual([
    'linux-headers-6.1.0-56-common_6.1.192-2_all.deb',
    'linux-kbuild-6.1_6.1.192-2_amd64.deb',
    'linux-headers-6.1.0-56-arm64_6.1.192-2_arm64.deb',
  ])
  expect(asked).toEqual([])
})

test('where the archive has dropped them, they are looked up with the same kernel of that architecture', async () => {
  const { ports, asked } = archive([], [pkg('linux-kbuild-6.1', 'amd64')])
  expect((await urls(ports))[1]).toBe('linux-kbuild-6.1_6.1.192-2_amd64.deb')
  expect(asked).toEqual(['x86_64 6.1.192-2-amd64'])
})

test('tools of another version are not taken, and the refusal says what to do', async () => {
  const { ports } = archive([pkg('linux-kbuild-6.1', 'amd64', '6.1.176-1')])
  await expect(urls(ports)).rejects.toMatchObject({
    code: 'headers-not-found',
    message: expect.stringContaining('build.machines'),
  })
})
