// Tests that every refusal of a GET, before or after its plan, names the next step.

import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { isProbeError, ProbeError } from '../../../lib/model/errors.ts'
import { SUBMIT_LINE } from '../../../lib/model/way-out.ts'
import { parse } from '../../../lib/names/grammar.ts'
import { checkBuildable } from '../../../lib/plan/buildable.ts'
import type { Answer } from '../../../lib/serve/answer.ts'
import { problemOf } from '../../../lib/serve/answer.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, DRIVER_VERSION, PATH } from '../../support/world.ts'

/** The refusal of a path, because of its grammar or of its parts. */
function refusal(path: string): { readonly code: string; readonly message: string } | undefined {
  try {
    const name = parse(path)
    checkBuildable(DEFAULTS, name.tag === 'probe' ? name.probe : name)
    return undefined
  } catch (error) {
    if (isProbeError(error)) return error
    throw error
  }
}

const of = (driver: string, file: string, arch = 'x86_64') => `/driver/${driver}/${arch}/${file}`
const DEBIAN = 'falco_debian_6.1.192-2-amd64_1.ko'
const MD5 = 'd41d8cd98f00b204e9800998ecf8427e'

describe('the refusal of a name that cannot be built names the next step', () => {
  test.each<[string, string, string, readonly (string | RegExp)[]]>([
    // Names of nothing.
    ['no driver', '/driver', 'malformed', ['Names of probes have the form /driver/']],
    [
      'no version',
      of('9.1.0+driver', 'falco_debian_6.1.0.ko'),
      'malformed',
      ['Names of probes have the form /driver/'],
    ],
    [
      'no arch',
      '/driver/9.1.0+driver/riscv64/falco_x_6.1_1.ko',
      'malformed',
      ['Names of probes have the form'],
    ],
    // Driver versions.
    [
      'an unknown driver version',
      of('1.0.0+driver', DEBIAN),
      'unknown-driver-version',
      ['Use one of these: 2.0.0+driver to', 'GET /v1/driver-versions'],
    ],
    ['7.3', of('7.3+driver', DEBIAN), 'unknown-driver-version', ['Did you mean 7.3.0+driver?']],
    ['v7.3.0', of('v7.3.0', DEBIAN), 'unknown-driver-version', ['Did you mean 7.3.0+driver?']],
    [
      '7.3.0',
      of('7.3.0', DEBIAN),
      'unsupported-driver-name',
      ['Did you mean 7.3.0+driver?', 'falcoctl driver config --name scap'],
    ],
    ['a package by another name', of('0.20.0', DEBIAN), 'unsupported-driver-name', ['Its name is scap']],
    [
      'ebpf of driver 10',
      of('10.2.0+driver', DEBIAN.replace('.ko', '.o')),
      'unsupported-kind',
      ['Use its kmod probe, the modern_bpf engine', '2.0.0+driver to 9.1.x+driver'],
    ],
    // Targets.
    [
      'an unknown target',
      of('9.1.0+driver', 'falco_templeos_6.1.0_1.ko'),
      'unknown-target',
      [SUBMIT_LINE, 'the registry builds those of debian, ubuntu'],
    ],
    ['vanilla', of('9.1.0+driver', 'falco_vanilla_6.1.0_1.ko'), 'unknown-target', [SUBMIT_LINE]],
    ['talos', of('9.1.0+driver', 'falco_talos_6.1.0-talos_1_v1.5.3.ko'), 'unknown-target', [SUBMIT_LINE]],
    ['minikube', of('9.1.0+driver', 'falco_minikube_5.10.57_1_1.29.0.ko'), 'unknown-target', [SUBMIT_LINE]],
    ['an empty target', of('9.1.0+driver', 'falco__5.15.96-0-virt_1.ko'), 'unknown-target', [SUBMIT_LINE]],
    // Kernels with a name that no distribution uses.
    [
      'no kernel of Debian',
      of('9.1.0+driver', 'falco_debian_5.10.0-mine_1.ko'),
      'unsupported-kernel',
      [SUBMIT_LINE, 'Debian has no kernel 5.10.0-mine'],
    ],
    [
      'no kernel of Ubuntu',
      of('9.1.0+driver', 'falco_ubuntu-generic_6.1.0-mine_1.ko'),
      'unsupported-kernel',
      [SUBMIT_LINE],
    ],
    [
      'no kernel of Arch',
      of('9.1.0+driver', 'falco_arch_6.1.0-mine_1.ko'),
      'unsupported-kernel',
      [SUBMIT_LINE],
    ],
    [
      'no kernel of Fedora',
      of('9.1.0+driver', 'falco_fedora_6.1.0-mine_1.ko'),
      'unsupported-kernel',
      [SUBMIT_LINE],
    ],
    [
      'no kernel of Flatcar',
      of('9.1.0+driver', 'falco_flatcar_6.1.96-flatcar_1.ko'),
      'unsupported-kernel',
      [SUBMIT_LINE, 'Use a loader of Falco 0.32.1'],
    ],
    [
      'no kernel of Bottlerocket',
      of('9.1.0+driver', 'falco_bottlerocket_6.1.49-x_1_1.15.0-aws.ko'),
      'unsupported-kernel',
      [SUBMIT_LINE],
    ],
    [
      'a module of COS',
      of('9.1.0+driver', 'falco_cos_5.15.133+_1.ko'),
      'unsupported-kernel',
      ['use the ebpf probe, or the modern_bpf engine'],
    ],
    [
      'nobody’s release by config',
      `/stable/sysdig-probe-binaries/falco-probe-9.1.0+driver-x86_64-6.1.0_mine-${MD5}.ko`,
      'unsupported-kernel',
      [SUBMIT_LINE],
    ],
    // Kernels of another kind.
    [
      'the other arch',
      of('9.1.0+driver', DEBIAN, 'aarch64'),
      'unsupported-kernel',
      ['Ask for it as one of x86_64', 'uname -m'],
    ],
    [
      'a kernel too old',
      of('9.1.0+driver', 'falco_redhat_2.6.32-754.el6.x86_64_1.ko'),
      'unsupported-kernel',
      ['Upgrade the host, or use one of the driver versions 5.0.0+driver to 9.0.0+driver'],
    ],
    [
      'a kernel too old for ebpf',
      of('9.1.0+driver', 'falco_debian_4.9.168-1-amd64_1.o'),
      'unsupported-kernel',
      ['or use its kernel module (kmod)'],
    ],
    [
      'one that does not compile',
      of('6.0.1+driver', 'falco_debian_6.10.1-1-amd64_1.ko'),
      'known-to-fail',
      ['Use driver version 7.2.1+driver or a newer one'],
    ],
  ])('%s', (_, path, code, steps) => {
    const error = refusal(path)
    expect(error?.code).toBe(code)
    for (const step of steps) expect(error?.message).toMatch(typeof step === 'string' ? literal(step) : step)
    expect(error?.message).toMatch(/^[\x20-\x7e]{20,1500}$/)
  })
})

const literal = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))

const detailOf = (answer: Answer): string => (answer.tag === 'problem' ? answer.problem.detail : answer.tag)

describe('after a plan that finds nothing, the URL of the probe names the next step', () => {
  test.each<[ConstructorParameters<typeof ProbeError>[0], string, readonly string[]]>([
    [
      'headers-not-found',
      'the archive has no such kernel',
      ['the archive has no such kernel. Have the probe built', SUBMIT_LINE],
    ],
    [
      'headers-not-found',
      'it is gone: POST the config to /v1/probes',
      ['it is gone. Have the probe built from the config of the kernel', SUBMIT_LINE],
    ],
    ['unsupported-kernel', 'no such kernel', [SUBMIT_LINE]],
    ['driver-source-not-found', 'no sources', ['Use a driver version that GET /v1/driver-versions lists']],
    ['mirror-unreachable', 'the mirror is away', ['A request after 2026-']],
    [
      'mirror-unreachable',
      'it is away, and tried again by itself',
      ['it is away, and tried again by itself'],
    ],
    ['signature-invalid', 'nobody signed it', ['Ask again after 2026-']],
    ['root-missing', 'no root', ['Ask again after 2026-']],
  ])('%s: %s', async (code, message, steps) => {
    const world = createWorld({ probe: probeBytes() })
    world.onCall((call, when) => {
      if (call === 'plan.kernel' && when === 'before') throw new ProbeError(code, message)
    })
    await world.get()
    await world.deliver()
    const detail = detailOf(await world.get())
    for (const step of steps) expect(detail).toContain(step)
    expect(detail.match(/tried again/g)?.length ?? 0).toBeLessThan(2)
  })

  test('as do the refusals of an unknown config, an unknown driver version and a revoked one', async () => {
    const world = createWorld({ probe: probeBytes() })
    const config = 'a'.repeat(64)
    const asked = world.get(PATH.replace('/driver', `/config/${config}`))
    await expect(asked).rejects.toMatchObject({
      code: 'unknown-config',
      message: expect.stringContaining(SUBMIT_LINE),
    })
    const packaged = world.get(PATH.replace(DRIVER_VERSION, '7.3.0').replace('falco_', 'scap_'))
    await expect(packaged).rejects.toMatchObject({
      code: 'unknown-driver-version',
      message: expect.stringMatching(/Did you mean 7\.3\.0\+driver\? Use one of these: 0\.23\.2, 0\.20\.0/),
    })
    const revoked = createWorld({ probe: probeBytes(), settings: { revoked: [DRIVER_VERSION] } }).get()
    await expect(revoked).rejects.toMatchObject({
      code: 'revoked',
      message: expect.stringContaining('use a newer one'),
    })
  })

  test('and unknown-target has the status 404', () => {
    expect(problemOf(new ProbeError('unknown-target', 'x'))).toMatchObject({ status: 404 })
  })
})
