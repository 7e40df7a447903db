import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isProbeError } from '../../../lib/model/errors.ts'
import type { Probe } from '../../../lib/model/probe.ts'
import { canonical } from '../../../lib/names/aliases.ts'
import { keyOfName, nameOf, parse, parseProbe } from '../../../lib/names/grammar.ts'
import { formatConfigHash, LAYOUTS, type ProbeLayout } from '../../../lib/names/layouts.ts'
import { configHashes, flatProbes, probes } from '../../support/names/arbitraries.ts'
import { formatAs, PROBE_LAYOUTS } from '../../support/names/format-as.ts'

const RUNS = { numRuns: 10_000 }
const WITH_ARCH: readonly ProbeLayout[] = ['current', 'escaped', 'scap']

/** Probes that the layout can name. */
function probesOf(layout: ProbeLayout): fc.Arbitrary<Probe> {
  const any = WITH_ARCH.includes(layout) ? probes : flatProbes
  return any.map((probe) => ({
    ...probe,
    driverName: layout.startsWith('scap') ? 'scap' : probe.driverName,
    kind: layout === 'kernel-module' ? 'kmod' : layout === 'ebpf-probe' ? 'ebpf' : probe.kind,
  }))
}

const probe: Probe = {
  driverVersion: '10.2.0+driver',
  arch: 'x86_64',
  driverName: 'falco',
  target: 'debian',
  kernelRelease: '6.1.192-2-amd64',
  kernelVersion: '1',
  kind: 'kmod',
}
const MD5 = 'efdd6af1cd18b7106b29002ca47b67b1'

function malformed(raw: string) {
  try {
    parse(raw)
  } catch (error) {
    return isProbeError(error, 'malformed')
  }
  return false
}

describe('the layouts', () => {
  test.each(PROBE_LAYOUTS)('parse(format(p)) = p in the layout %s', (layout) => {
    fc.assert(
      fc.property(probesOf(layout), (asked) => {
        const path = formatAs(layout, asked)
        expect(parseProbe(path)).toEqual({
          tag: 'probe',
          layout,
          asked,
          probe: canonical(asked),
          companion: undefined,
        })
        expect(path).toMatch(/^\/[A-Za-z0-9.+~_%/-]+$/)
      }),
      RUNS,
    )
  })

  test('parse(format(p)) = p in the layout config-hash', () => {
    fc.assert(
      fc.property(
        configHashes.filter(({ driverVersion }) => !/-(x86_64|aarch64)(-|$)/.test(driverVersion)),
        (asked) => {
          const name = { tag: 'config-hash', layout: 'config-hash', ...asked, companion: undefined }
          expect(parse(formatConfigHash(asked))).toEqual(name)
          expect(nameOf(keyOfName(parse(formatConfigHash(asked))))).toEqual(name)
        },
      ),
      RUNS,
    )
  })

  test.each([
    ['/driver%2F10.2.0%2Bdriver%2Fx86_64%2Ffalco_debian_6.1.192-2-amd64_1.ko', 'escaped'],
    ['/driver/10.2.0+driver/x86_64/falco_debian_6.1.192-2-amd64_1.ko', 'current'],
    ['/driver/10.2.0 driver/x86_64/falco_debian_6.1.192-2-amd64_1.ko', 'current'],
    ['/10.2.0+driver/x86_64/falco_debian_6.1.192-2-amd64_1.ko', 'current'],
    ['/mirrors/falco.example/driver/10.2.0+driver/x86_64/falco_debian_6.1.192-2-amd64_1.ko', 'current'],
    ['/driver//10.2.0+driver/x86_64/falco_debian_6.1.192-2-amd64_1.ko', 'current'],
    ['/mirror/driver%2f10.2.0%2bdriver%2fx86_64%2ffalco_debian_6.1.192-2-amd64_1.ko', 'escaped'],
    ['/driver/10.2.0%2Bdriver/falco_debian_6.1.192-2-amd64_1.ko', 'flat'],
    ['/kernel-module/10.2.0%2Bdriver/falco_debian_6.1.192-2-amd64_1.ko', 'kernel-module'],
    ['/kernel-module/10.2.0%2Bdriver/falco-probe_debian_6.1.192-2-amd64_1.ko', 'kernel-module'],
  ])('%s is one probe in the layout %s', (path, layout) => {
    expect(parseProbe(path)).toMatchObject({ layout, probe })
  })

  test.each([
    [
      '/dev/sysdig-probe-binaries/sysdig-probe-bpf-0.27.1%2Bx-x86_64-5.4.0-42-generic-',
      'scap',
      'ebpf',
      '5.4.0-42-generic',
    ],
    [
      '/stable/sysdig-probe-binaries/falco-probe-0.19.0-x86_64-3.10.0-1062.el7.x86_64-',
      'falco',
      'kmod',
      '3.10.0-1062.el7.x86_64',
    ],
    ['/ebpf-probe/a259b4bf4/falco-probe-bpf-a259b4bf4-x86_64-4.14.1_2-', 'falco', 'ebpf', '4.14.1_2'],
  ])('%s... names a probe by the digest of its config', (start, driverName, kind, unameRelease) => {
    const path = `${start}${MD5}.${kind === 'kmod' ? 'ko' : 'o'}`
    expect(parse(path)).toMatchObject({ tag: 'config-hash', driverName, kind, unameRelease, configMd5: MD5 })
  })

  test('a name with the digest of a config is not the name of a probe yet', () => {
    const path = `/stable/sysdig-probe-binaries/falco-probe-0.19.0-x86_64-4.19.0-${MD5}.ko`
    expect(() => parseProbe(path)).toThrow(expect.objectContaining({ code: 'not-found' }))
  })

  test.each([
    ['/wait/driver/1/x86_64/falco_debian_6.1_1.ko'],
    ['//wait/driver/1/x86_64/falco_debian_6.1_1.ko'],
    ['/s3/1/x86_64/falco_debian_6.1_1.ko'],
    ['/v1/x86_64/falco_debian_6.1_1.ko'],
    ['/config/1/falco_debian_6.1_1.ko'],
    ['/keys%2F1%2Fx86_64%2Ffalco_debian_6.1_1.ko'],
    ['/driver/1/x86_64//falco_debian_6.1_1.ko'],
    ['/driver/arm64/falco_debian_6.1_1.ko'],
    ['/driver/falco_debian_6.1_1.ko'],
    ['/falco_debian_6.1_1.ko'],
    ['/a/b/c/d/e/f/g/h/i/j/1/x86_64/falco_debian_6.1_1.ko'],
    ['/a$b/1/x86_64/falco_debian_6.1_1.ko'],
    ['/driver%2F1/x86_64/falco_debian_6.1_1.ko'],
    ['/driver%252F1%252Fx86_64%252Ffalco_debian_6.1_1.ko'],
    ['/scap-drivers/1/x86_64/scap-probe_debian_6.1_1.ko'],
    [`/stable/x/falco-probe-0.19.0-x86_64-4.19.0-${MD5}.o`],
    [`/stable/x/falco-probe-bpf-0.19.0-x86_64-4.19.0-${MD5}.ko`],
    [`/stable/x/falco-probe-0.19.0-i686-4.19.0-${MD5}.ko`],
    [`/stable/x/falco-probe-0.19.0-x86_64-4.19.0-${MD5.slice(1)}.ko`],
  ])('%s is malformed', (path) => {
    expect(malformed(path)).toBe(true)
  })

  test('only clients of 2015 to April 2020 do not follow redirects', () => {
    const deaf = Object.entries(LAYOUTS).flatMap(([id, { redirects }]) => (redirects ? [] : [id]))
    expect(deaf).toEqual(['kernel-module', 'ebpf-probe', 'config-hash'])
  })

  test.each([
    ['scap', probe],
    ['ebpf-probe', probe],
    ['flat', { ...probe, arch: 'aarch64' as const }],
    ['kernel-module', { ...probe, driverVersion: 'x86_64' }],
  ] as const)('%s cannot name every probe', (layout, other) => {
    expect(() => formatAs(layout, other)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})
