import { describe, expect, test } from 'vitest'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import type { Arch } from '../../../lib/model/probe.ts'
import { type ContradictionFacts, contradictions } from '../../../lib/submit/contradictions.ts'
import { FIELD_CONFIGS, fieldConfig } from '../../support/kconfig/vectors.ts'

const ARCHES: Readonly<Record<string, Arch>> = { x86_64: 'x86_64', arm64: 'aarch64' }
const RELEASE = /^\d[A-Za-z0-9.+~_-]*$/

/** Releases from the index, and from the file's name if it has one; the name of Chimera's file lacks a part. */
const real = FIELD_CONFIGS.flatMap(({ name, kernel, arch }) => {
  const machine = ARCHES[arch]
  const own = kernel.split(' ')[0] ?? ''
  const named = name.slice(name.indexOf('_') + 1)
  const releases = [own, ...(name.startsWith('chimera') ? [] : [named])].filter((one) => RELEASE.test(one))
  return machine === undefined ? [] : [...new Set(releases)].map((release) => ({ name, release, machine }))
})

const between = (facts: ContradictionFacts) => contradictions(facts).map((one) => one.between.join(' '))
const VERSION = '#1 SMP PREEMPT_DYNAMIC'

describe('the config of a real kernel', () => {
  test('is one of thirty-three', () => {
    expect(new Set(real.map(({ name }) => name)).size).toBe(33)
  })

  test.each(real)('agrees with its release: $name as $release', ({ name, release, machine }) => {
    const config = fieldConfig(name)
    expect(contradictions({ release, version: VERSION, machine, config })).toEqual([])
    const procVersion = `Linux version ${release} (builder@büro) (gcc (GCC) 12) ${VERSION}\n`
    expect(contradictions({ release, version: VERSION, machine, config, procVersion })).toEqual([])
  })

  test.each(real)('contradicts the other machine: $name', ({ name, release, machine }) => {
    const other = machine === 'x86_64' ? 'aarch64' : 'x86_64'
    const facts = { release, version: VERSION, machine: other, config: fieldConfig(name) } as const
    expect(between(facts)).toContain('machine config')
  })

  test.each([
    ['rocky_4.18.0-553.el8_10.x86_64', '4.18.0-477.el8_9.x86_64'],
    ['ubuntu_5.4.0-1060-aws', '5.4.0-1061-aws'],
    ['ubuntu_5.4.0-1060-aws', '5.4.0-1060-gcp'],
    ['ubuntu_6.8.0-52-generic', '6.8.0-51-generic'],
    ['opensuse-leap_6.4.0-150600.23.42-default', '6.4.0-150600.23.47-default'],
    ['talos_6.12.6-talos', '6.12.7-talos'],
    ['debian_7.3.4+deb13-amd64', '7.3.5+deb13-amd64'],
    ['debian_6.8.12-4-pve', '6.8.12-5-pve'],
    ['void_7.0.7_1', '7.0.7_2'],
    ['wsl2_5.15.133.1-microsoft-standard-WSL2', '5.15.133.2-microsoft-standard-WSL2'],
    ['cos_5.4.144+', '5.10.144+'],
    ['clear-linux-os_6.15.7-1591.native', '6.14.7-1591.native'],
    ['fedora_6.17.5-200.fc42.x86_64', '6.17.6-200.fc42.x86_64'],
  ])('of %s contradicts the release %s', (name, release) => {
    expect(between({ release, version: VERSION, machine: 'x86_64', config: fieldConfig(name) })).toEqual([
      'release config',
    ])
  })

  test.each(['6.15.7-1591.native', '6.15.1-1500.native'])(
    'may be from an older kernel: Clear Linux OS as %s',
    (release) => {
      const config = fieldConfig('clear-linux-os_6.15.7-1591.native')
      expect(between({ release, version: VERSION, machine: 'x86_64', config })).toEqual([])
    },
  )
})

describe('a host', () => {
  const config = parseKconfig('# Linux/x86 6.1.192 Kernel Configuration\nCONFIG_X86_64=y\n')
  const good = {
    release: '6.1.0-56-amd64',
    version: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-09-30)',
    machine: 'x86_64',
    config,
  } as const
  const banner = (release: string, version: string) =>
    `Linux version ${release} (a@b) (gcc-12 (x) 12) ${version}`

  test('with facts that agree has no contradiction', () => {
    expect(contradictions({ ...good, procVersion: banner(good.release, good.version) })).toEqual([])
    expect(contradictions({ ...good, config: parseKconfig('CONFIG_X86_64=y') })).toEqual([])
    expect(contradictions({ ...good, procVersion: 'odd' })).toEqual([])
  })

  test.each([
    ['6.8.12-4-pve', '#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-4 (2024-11-06T15:04Z)', '6.8.12-4-pve'],
    ['6.6.51+rpt-rpi-v8', '#1 SMP PREEMPT Debian 1:6.6.51-1+rpt3 (2024-10-08)', '6.6.51'],
    ['6.12.48+deb13-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.12.48-1 (2025-09-20)', '6.12.48'],
    ['6.8.0-52-generic', '#53~22.04.1-Ubuntu SMP PREEMPT_DYNAMIC Wed Jan 15 19:18:46 UTC 2', '6.8.12'],
  ])('of a relative of Debian agrees: %s', (release, version, header) => {
    const own = parseKconfig(`# Linux ${header} Kernel Configuration\nCONFIG_X86_64=y`)
    expect(contradictions({ release, version, machine: 'x86_64', config: own })).toEqual([])
  })

  test.each<[string, Partial<ContradictionFacts>, string[]]>([
    ['another package', { version: '#1 SMP Debian 6.1.153-1 (2026-01-01)' }, ['version config']],
    [
      'another series',
      { version: '#1 SMP Debian 6.12.48-1 (2026-01-01)' },
      ['release version', 'version config'],
    ],
    [
      'another release in /proc/version',
      { procVersion: banner('6.1.0-55-amd64', good.version) },
      ['release proc-version'],
    ],
    [
      'another version in /proc/version',
      { procVersion: banner(good.release, '#2 SMP') },
      ['version proc-version'],
    ],
    ['a release of the other machine', { release: '6.1.0-56-arm64' }, ['machine release']],
    [
      'a config for arm',
      { config: parseKconfig('# Linux/arm 6.1.192 Kernel Configuration\nCONFIG_ARM=y') },
      ['machine config'],
    ],
  ])('with %s gets an answer that names the two facts that differ', (_, change, expected) => {
    const all = contradictions({ ...good, ...change })
    expect(all.map((one) => one.between.join(' '))).toEqual(expected)
    for (const { detail } of all) {
      expect(detail).toMatch(/^[\x20-\x7e]{1,600}$/)
      expect(detail).toContain('They are of two kernels: send all of them from one host')
    }
  })

  test('with hostile facts is checked within half a second', () => {
    const long = `${'6.'.repeat(30)}x`.slice(0, 64)
    const text = '1.'.repeat(600_000)
    const start = performance.now()
    contradictions({
      ...good,
      release: long,
      procVersion: text,
      config: parseKconfig(
        `CONFIG_BUILD_SALT="${text}"\nCONFIG_VERSION_SIGNATURE="Ubuntu ${text}"\nCONFIG_LOCALVERSION="${text}"`,
      ),
    })
    expect(performance.now() - start).toBeLessThan(500)
  })
})
