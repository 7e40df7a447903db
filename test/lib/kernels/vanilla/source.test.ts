import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../../lib/kernels/settings.ts'
import { kernelSource, type SourcePorts } from '../../../../lib/kernels/vanilla/source.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import { memoryPorts } from '../../../support/memory.ts'
import { kernelArchive } from '../../../support/sources.ts'

const pkg = (name: string, version: string) => ({
  name,
  version,
  url: `http://deb/${name}`,
  sha256: 'a'.repeat(64),
  bytes: 1,
  format: 'deb' as const,
})

/** An archive that has one package, and a web that has `urls`. */
function world(version: string | undefined, urls: readonly string[] = []) {
  const { store, sources, log, inside } = memoryPorts({ now: Date.now })
  const asked: string[] = []
  const ports: SourcePorts = {
    inputs: store.inputs,
    sources,
    log,
    fetch: async (url) => {
      asked.push(url)
      if (!urls.includes(url)) throw new ProbeError('mirror-unreachable', `${url} does not answer`)
      return kernelArchive(/linux-([0-9.]+)\.tar/.exec(url)?.[1] ?? '')
    },
    findPackage: async (name) =>
      version === undefined || name !== 'linux-source-6.1' ? undefined : pkg(name, version),
  }
  return { ports, asked, inside, source: (of: string) => kernelSource(ports, DEFAULTS.vanilla, of, 'x86_64') }
}
const url = (version: string) => `https://cdn.kernel.org/pub/linux/kernel/v6.x/linux-${version}.tar.xz`

describe('the source of a kernel', () => {
  test('is the distribution’s package where it is of that very version', async () => {
    const { source, asked } = world('6.1.192-2', [url('6.1.192')])
    expect(await source('6.1.192')).toMatchObject({ format: 'deb', version: '6.1.192-2' })
    expect(asked).toEqual([])
  })

  test('is the archive of kernel.org’s layout for any other, fetched once', async () => {
    const { source, asked } = world('6.1.192-2', [url('6.1.54')])
    const first = await source('6.1.54')
    expect(first).toMatchObject({
      format: 'tar.xz',
      url: url('6.1.54'),
      bytes: kernelArchive('6.1.54').length,
    })
    expect(await source('6.1.54')).toEqual(first)
    expect(asked).toHaveLength(1)
  })

  test('of the first release of a series has no third number there', async () => {
    const { source } = world(undefined, [url('6.7')])
    expect(await source('6.7.0')).toMatchObject({ url: url('6.7') })
  })

  test('is the package of the series where no archive answers, and says which it is', async () => {
    const { source, inside } = world('6.1.192-2')
    expect(await source('6.1.54')).toMatchObject({ format: 'deb', version: '6.1.192-2' })
    expect(inside.log.map(({ event }) => event)).toContain('no archive of the kernel source')
  })

  test('that is nowhere is told with all the places', async () => {
    await expect(world('6.1.192-2').source('5.15.1')).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(/linux-source-5\.15 .*v5\.x\/linux-5\.15\.1\.tar\.xz/),
    })
  })
})
