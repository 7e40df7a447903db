import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isProbeError } from '../../../lib/model/errors.ts'
import type { Probe } from '../../../lib/model/probe.ts'
import { canonical } from '../../../lib/names/aliases.ts'
import { format, keyOf, keyOfName, parse, parseProbe, probeOf } from '../../../lib/names/grammar.ts'
import { probes, submittedProbes } from '../../support/names/arbitraries.ts'
import { formatAs } from '../../support/names/format-as.ts'

const probe: Probe = {
  driverVersion: '0.1.1dev+git20220316.e5c53d64',
  arch: 'x86_64',
  driverName: 'scap',
  target: 'debian',
  kernelRelease: '6.1.192-2-amd64',
  kernelVersion: '1',
  kind: 'kmod',
}
const KEY =
  /^((?:driver|config\/[0-9a-f]{64})\/[A-Za-z0-9.+~_-]+\/(x86_64|aarch64)|config-hash)\/[A-Za-z0-9.+~_-]+\.(ko|o)$/
const path = '/driver/0.1.1dev+git20220316.e5c53d64/x86_64/scap_debian_6.1.192-2-amd64_1.ko'

/** The name is refused as malformed, with a readable message. */
function expectMalformed(raw: string) {
  let error: unknown
  try {
    parse(raw)
  } catch (thrown) {
    error = thrown
  }
  expect(isProbeError(error, 'malformed'), `${raw.slice(0, 80)} must be malformed`).toBe(true)
  expect((error as Error).message).toMatch(/^[\x20-\x7e]+$/)
}

describe('the grammar of names', () => {
  test('reads the current layout', () => {
    expect(parse(path)).toEqual({
      tag: 'probe',
      layout: 'current',
      probe,
      asked: probe,
      companion: undefined,
    })
    expect(format(probe)).toBe(path)
  })

  test.each([
    ['%2B', path.replace('+', '%2B')],
    ['a decoded space', path.replace('+', '%20')],
    ['%7E', path.replace('-2-', '%7E2-').replace('%7E', '-')],
    [
      'every character escaped',
      `/driver/${[...path.slice(8)].map((c) => (c === '/' ? c : `%${c.charCodeAt(0).toString(16)}`)).join('')}`,
    ],
  ])('%s reaches the same key', (_, raw) => {
    expect(keyOf(parseProbe(raw).probe)).toBe(keyOf(probe))
  })

  test.each(['asc', 'sha256', 'json', 'log'] as const)('.%s is a sidecar of the probe', (companion) => {
    expect(parse(`${path}.${companion}`)).toMatchObject({ probe, companion })
    expect(format(probe, companion)).toBe(`${path}.${companion}`)
  })

  test.each([
    ['falco_redhat_4.18.0-553.el8_10.x86_64_1.ko', 'redhat', '4.18.0-553.el8_10.x86_64', '1'],
    ['falco_minikube_5.10.57_1_1.26.0.ko', 'minikube', '5.10.57', '1_1.26.0'],
    ['falco_talos_5.15.102-talos_1_v1.3.6.o', 'talos', '5.15.102-talos', '1_v1.3.6'],
    ['falco_bottlerocket_5.10.165_1_1.13.0-aws.ko', 'bottlerocket', '5.10.165', '1_1.13.0-aws'],
    ['falco_ubuntu-aws_5.15.0-1026-aws_30~20.04.2.ko', 'ubuntu-aws', '5.15.0-1026-aws', '30~20.04.2'],
    ['falco__5.15.96-0-virt_1.ko', '', '5.15.96-0-virt', '1'],
  ])('%s is parsed from the right', (file, target, kernelRelease, kernelVersion) => {
    expect(parseProbe(`/driver/3.0.0%2Bdriver/x86_64/${file}`).probe).toMatchObject({
      target,
      kernelRelease,
      kernelVersion,
    })
  })

  test.each(['current', 'escaped', 'flat'] as const)(
    'reads a submitted kernel in the layout %s, and its key differs from that of the distribution’s kernel',
    (layout) => {
      const submitted: Probe = { ...probe, config: 'ab'.repeat(32) }
      const path = formatAs(layout, submitted)
      expect(parseProbe(path)).toMatchObject({ layout, probe: submitted, asked: submitted })
      expect(decodeURIComponent(path)).toContain(`/config/${'ab'.repeat(32)}/`)
      expect(keyOf(submitted)).not.toBe(keyOf(probe))
      expect(probeOf(keyOf(submitted))).toEqual(submitted)
    },
  )

  test.each([
    '/config',
    '/config/',
    `/config/${'a'.repeat(64)}`,
    `/config/${'a'.repeat(63)}${path.slice(7)}`,
    `/config/${'A'.repeat(64)}${path.slice(7)}`,
    `/config/${'a'.repeat(64)}/driver${path.slice(7)}`,
    `/config/${'a'.repeat(64)}/config/${'a'.repeat(64)}${path.slice(7)}`,
    `/config/${'a'.repeat(64)}/falco-probe-0.19.0-x86_64-4.19.0-8-amd64-${'a'.repeat(32)}.ko`,
  ])('%s is not the name of a submitted kernel', expectMalformed)

  test('parse(format(p)) = p', () => {
    fc.assert(
      fc.property(fc.oneof(probes, submittedProbes), (p) => {
        expect(parseProbe(format(p)).asked).toEqual(p)
        expect(probeOf(keyOf(canonical(p)))).toEqual(canonical(p))
        expect(canonical(canonical(p))).toEqual(canonical(p))
      }),
      { numRuns: 10_000 },
    )
  })

  test.each([
    ['nothing', ''],
    ['the root', '/'],
    ['an unknown arch', path.replace('x86_64', 'sparc')],
    ['an unknown kind', path.replace('.ko', '.exe')],
    ['an unknown driver name', path.replace('scap_', 'evil_')],
    ['a truncated escape', `${path}%2`],
    ['an escape of nothing', path.replace('+', '%zz')],
    ['a release that does not begin with a digit', '/driver/1/x86_64/scap_debian_six_1.ko'],
    ['broken UTF-8', path.replace('+', '%ff')],
    ['parent folders', '/driver/../x86_64/falco_debian_6.1_1.ko'],
    ['escaped parent folders', '/driver/%2e%2e/x86_64/falco_debian_6.1_1.ko'],
    ['a slash in a part', path.replace('+', '%2F')],
    ['a NUL', path.replace('+', '%00')],
    ['a newline', path.replace('+', '%0a')],
    ['a shell', path.replace('+', '$(id)')],
    ['an empty part', path.replace('x86_64', '')],
    ['too many parts', `${path}/x`],
    ['a name of 4 KB', path.replace('6.1', `6.${'1'.repeat(4096)}`)],
    ['a file name of 300 characters', path.replace('6.1', `6.${'1'.repeat(270)}`)],
    ['a double escape', path.replace('+', '%252B')],
    ['no kernel release', '/driver/1/x86_64/scap_debian__1.ko'],
    ['no kernel version', '/driver/1/x86_64/scap_debian_6.1_.ko'],
  ])('%s is malformed', (_, raw) => expectMalformed(raw))

  test('any path is malformed or gives a key of the stated alphabet', () => {
    const pieces = fc.constantFrom(
      ...[
        '/driver/',
        '/driver%2F',
        'x86_64/',
        '%2Fx86_64%2F',
        'scap_',
        'debian_',
        '6.1_',
        '1',
        '1/',
        '.ko',
        '/',
      ],
      ...[
        'falco-probe-',
        '1-x86_64-',
        'a'.repeat(32),
        '-',
        '..',
        '%2e',
        '%',
        '%25',
        '+',
        ' ',
        '\\',
        '\0',
        '\n',
        'é',
      ],
    )
    const raws = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 14 }).map((p) => p.join('')),
      fc.string().map((s) => `/driver/1/x86_64/scap_debian_6${s}_1.ko`),
      fc.string().map((s) => `/${s}/1/x86_64/scap_debian_6_1.ko`),
      fc.string().map((s) => `/driver/${s}/scap_debian_6_1.ko`),
      fc.string().map((s) => `/falco-probe-${s}-x86_64-6-${'a'.repeat(32)}.ko`),
    )
    fc.assert(
      fc.property(raws, (raw) => {
        try {
          const key = keyOfName(parse(raw))
          expect(key).toMatch(KEY)
          expect(key).not.toContain('..')
        } catch (error) {
          if (!isProbeError(error, 'malformed')) throw error
          expect(error.message).toMatch(/^[\x20-\x7e]+$/)
        }
      }),
      { numRuns: 10_000 },
    )
  })
})
