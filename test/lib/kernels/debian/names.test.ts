import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkDebian, parseRelease } from '../../../../lib/kernels/debian/names.ts'
import { isProbeError } from '../../../../lib/model/errors.ts'

const formatRelease = ({ version, flavour }: NonNullable<ReturnType<typeof parseRelease>>) =>
  `${version}-${flavour}`

const request = (
  kernelRelease: string,
  kernelVersion = '1',
  arch: 'x86_64' | 'aarch64' = 'x86_64',
  kind: 'kmod' | 'ebpf' = 'kmod',
) => ({
  kernelRelease,
  kernelVersion,
  arch,
  kind,
})

describe("the names of Debian's kernels", () => {
  test.each([
    ['6.1.192-2-amd64', '6.1.192-2', 'amd64'],
    ['6.1.192-2-cloud-amd64', '6.1.192-2', 'cloud-amd64'],
    ['6.1.192-2-rt-amd64', '6.1.192-2', 'rt-amd64'],
    ['4.19.118-2+deb10u1~bpo9+1-arm64', '4.19.118-2+deb10u1~bpo9+1', 'arm64'],
    ['5.10.0-0.deb10.22-rt-amd64', '5.10.0-0.deb10.22', 'rt-amd64'],
    ['6.1.0-56-amd64', '6.1.0-56', 'amd64'],
    ['6.12.117+deb12-rt-amd64', '6.12.117+deb12', 'rt-amd64'],
    ['6.12.117+deb13-arm64-16k', '6.12.117+deb13', 'arm64-16k'],
    ['7.2.12-1~bpo13+1-cloud-amd64', '7.2.12-1~bpo13+1', 'cloud-amd64'],
  ])('%s is version %s of flavour %s', (release, version, flavour) => {
    expect(parseRelease(release)).toEqual({ version, flavour })
    expect(formatRelease({ version, flavour })).toBe(release)
  })

  test('real releases of the field are read, and pass', () => {
    const releases = readFileSync(`${import.meta.dirname}/../../../vectors/debian-releases.txt`, 'utf8')
      .trim()
      .split('\n')
    expect(releases.length).toBeGreaterThan(50)
    for (const release of releases) {
      const arch = release.endsWith('arm64') ? 'aarch64' : 'x86_64'
      expect(() => checkDebian(request(release, '1', arch)), release).not.toThrow()
      expect(formatRelease(parseRelease(release) ?? { version: '', flavour: '' })).toBe(release)
    }
  })

  test.each([
    ['another form', request('banana')],
    ['another arch', request('6.1.192-2-arm64')],
    ['a kernel version that Debian never has', request('6.1.192-2-amd64', '7')],
    ['an unsigned image’s name', request('6.1.192-2-amd64-unsigned')],
    ['a flavour that only arm64 has', request('6.12.117-1-amd64-16k')],
    ['a shell', request('6.1.192-2$(id)-amd64')],
  ])('%s is refused, and costs nothing', (_, bad) => {
    expect(() => checkDebian(bad)).toThrow(expect.objectContaining({ code: 'unsupported-kernel' }))
  })

  test('whatever the name, it is read or refused, and quickly', () => {
    const names = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0619.-+~', '-rt', '-amd64', '-cloud'), maxLength: 200 }),
    )
    fc.assert(
      fc.property(names, (name) => {
        const read = parseRelease(name)
        if (read !== undefined) expect(formatRelease(read)).toBe(name)
        try {
          checkDebian(request(name))
        } catch (error) {
          if (!isProbeError(error, 'unsupported-kernel')) throw error
        }
      }),
      { numRuns: 5000 },
    )
  })
})
