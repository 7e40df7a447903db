import { describe, expect, test } from 'vitest'
import { DEFAULTS, settingsSchema } from '../../../lib/kernels/settings.ts'
import {
  checkKernel,
  checkUnameRelease,
  TARGET_NAMES,
  targetNamed,
  targetsOf,
} from '../../../lib/kernels/targets.ts'
import type { ConfigHash, Probe } from '../../../lib/model/probe.ts'

const probe: Probe = {
  driverVersion: '10.2.0+driver',
  driverName: 'falco',
  arch: 'x86_64',
  target: 'debian',
  kernelRelease: '6.1.192-2-amd64',
  kernelVersion: '1',
  kind: 'kmod',
}
const named = (unameRelease: string): ConfigHash => ({ ...probe, unameRelease, configMd5: 'a'.repeat(32) })

test('the settings of every target have a section of its name, with defaults that its schema takes', () => {
  for (const target of TARGET_NAMES) expect(DEFAULTS[target]).toBeDefined()
  expect(settingsSchema.parse(DEFAULTS)).toEqual(DEFAULTS)
})

describe('a name', () => {
  test.each(['', 'constructor', '__proto__', 'toString', 'templeos'])('of target %j is refused', (target) => {
    expect(targetNamed(target)).toBeUndefined()
    expect(() => checkKernel({ ...probe, target })).toThrow(
      expect.objectContaining({ code: 'unknown-target' }),
    )
  })

  test.each([
    ['amazonlinux', 'served no more'],
    ['amazonlinux2022', 'served no more'],
    ['talos', 'no Module.symvers'],
    ['minikube', 'no headers'],
    ['vanilla', 'packages nowhere'],
  ])('of %s is told why it is not planned, and what to do', (target, why) => {
    expect(() => checkKernel({ ...probe, target })).toThrow(
      expect.objectContaining({
        code: 'unknown-target',
        message: expect.stringContaining(
          `${why}. Have the probe built from the config of the kernel, on the host`,
        ),
      }),
    )
  })

  test.each(['ubuntu', 'ubuntu-generic', 'ubuntu-aws', 'ubuntu-lowlatency-hwe'])(
    'of %s is of Ubuntu',
    (target) => {
      expect(targetNamed(target)).toBe('ubuntu')
      expect(() =>
        checkKernel({ ...probe, target, kernelRelease: '6.5.0-26-generic', kernelVersion: '26~22.04.1' }),
      ).not.toThrow()
    },
  )

  test('of a kernel that its target cannot have is refused', () => {
    expect(() => checkKernel(probe)).not.toThrow()
    expect(() => checkKernel({ ...probe, kernelRelease: '6.1.192-mine' })).toThrow(
      expect.objectContaining({ code: 'unsupported-kernel' }),
    )
  })

  test('without a target is of those targets that can have a kernel which calls itself so', () => {
    expect(targetsOf(named('6.1.0-56-amd64'))).toEqual(['debian'])
    expect(targetsOf(named('6.1.192-mine'))).toEqual([])
    expect(targetsOf(named('5.14.21-150500.55.19-default'))).toEqual(['opensuse', 'sles'])
    expect(targetsOf(named('6.11.4-301.fc41.x86_64'))).toContain('fedora')
    expect(() => checkUnameRelease(named('6.1.0-56-amd64'))).not.toThrow()
    expect(() => checkUnameRelease(named('6.1.192-mine'))).toThrow(
      expect.objectContaining({
        code: 'unsupported-kernel',
        message: expect.stringMatching(/^6\.1\.192-mine is not the release of a kernel of debian or /),
      }),
    )
  })
})
