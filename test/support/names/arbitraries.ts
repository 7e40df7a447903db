// Generates names for fast-check: any probe that at least one layout can name.

import fc from 'fast-check'
import type { ConfigHash } from '../../../lib/model/probe.ts'
import { ARCHES, DRIVER_NAMES, KINDS, type Probe } from '../../../lib/model/probe.ts'

const of = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength })
const LETTERS = 'abcxyzABZ0189'
const noDots = (text: string) => !text.includes('..')

export const part = (inner: string): fc.Arbitrary<string> =>
  fc
    .tuple(of(LETTERS, 1, 1), of(LETTERS + inner, 0, 30))
    .map((pieces) => pieces.join(''))
    .filter((text) => noDots(text) && !text.endsWith('.'))

const release = fc
  .tuple(fc.constantFrom('4', '5.', '6.1'), of(`${LETTERS}.+~_-`, 0, 30))
  .map((pieces) => pieces.join(''))
  .filter(noDots)

const version = fc.oneof(part('.+~-'), fc.nat({ max: 300 }).map(String), fc.constant('26~22.04.1'))

const targets = fc.oneof(
  fc.constant(''),
  part('-'),
  fc.constantFrom('debian', 'ubuntu-aws', 'ubuntu-generic', 'amzn', 'rhel', 'sles_sap', 'amazonlinux'),
)

const onePart: fc.Arbitrary<Probe> = fc.record({
  driverVersion: part('.+~_-'),
  arch: fc.constantFrom(...ARCHES),
  driverName: fc.constantFrom(...DRIVER_NAMES),
  target: targets,
  kernelRelease: release,
  kernelVersion: version,
  kind: fc.constantFrom(...KINDS),
})

const twoPart: fc.Arbitrary<Probe> = fc
  .record({
    base: onePart,
    target: fc.constantFrom('minikube', 'talos', 'bottlerocket'),
    kernelVersion: part('.+~-').map((text) => `1_${text}`),
  })
  .map(({ base, ...two }) => ({ ...base, ...two }))

export const probes: fc.Arbitrary<Probe> = fc.oneof(onePart, twoPart)

export const submittedProbes: fc.Arbitrary<Probe> = fc
  .record({ base: probes, config: of('0123456789abcdef', 64, 64) })
  .map(({ base, config }) => ({ ...base, config }))

/** A probe that the layouts without an arch can name. */
export const flatProbes: fc.Arbitrary<Probe> = fc
  .record({ base: probes, version: part('.+~_-').map((text) => `1${text}`), arm: fc.boolean() })
  .map(
    ({ base, version: driverVersion, arm }): Probe => ({
      ...base,
      driverVersion,
      arch: arm ? 'aarch64' : 'x86_64',
      kernelRelease: `${base.kernelRelease}${arm ? '.aarch64' : '_8'}`,
    }),
  )
  .filter(({ kernelRelease }) => noDots(kernelRelease))

export const configHashes: fc.Arbitrary<ConfigHash> = fc.record({
  driverVersion: part('.+~_-'),
  driverName: fc.constantFrom(...DRIVER_NAMES),
  arch: fc.constantFrom(...ARCHES),
  unameRelease: release,
  configMd5: of('0123456789abcdef', 32, 32),
  kind: fc.constantFrom(...KINDS),
})
