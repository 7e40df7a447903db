// Tests plans for kernels of Bottlerocket. The test's service is signed as the real one is.

import { describe, expect, test } from 'vitest'
import { bottlerocketPlanner } from '../../../../lib/kernels/bottlerocket/planner.ts'
import { VARIANTS, type Variant, variantsFor } from '../../../../lib/kernels/bottlerocket/variants.ts'
import { DEFAULTS } from '../../../../lib/kernels/settings.ts'
import { checkKernel } from '../../../../lib/kernels/targets.ts'
import { isProbeError, ProbeError } from '../../../../lib/model/errors.ts'
import type { Fetch } from '../../../../lib/model/ports.ts'
import { memoryPorts } from '../../../support/memory.ts'
import {
  type Kit,
  kernelFiles,
  packKit,
  type ServiceSpec,
  serviceFiles,
  serviceSettings,
} from '../../../support/tuf/bottlerocket.ts'
import { tufKey } from '../../../support/tuf/repository.ts'

const SERVICE = 'https://updates.invalid'
const NOW = Date.UTC(2026, 10, 26)
const key = tufKey()

const kit = (variant: string, kernel: string, more: Partial<Kit> = {}): Kit => {
  const name = { variant, arch: 'x86_64' as const, version: '1.14.1', ...more }
  return { ...name, body: more.body ?? packKit(name, kernelFiles(kernel)) }
}
const KITS = [
  kit('aws-k8s-1.23', '5.10.178'),
  kit('aws-k8s-1.24', '5.15.108'),
  kit('aws-k8s-1.25', '5.15.108'),
  kit('aws-k8s-1.24', '5.15.117', { version: '1.14.2' }),
  kit('aws-k8s-1.24', '5.15.108', { arch: 'aarch64' }),
  kit('vmware-k8s-1.24', '5.15.108'),
]

interface World extends Partial<Omit<ServiceSpec, 'key'>> {
  readonly variants?: readonly Variant[]
  /** replaces files of the service */
  readonly change?: Readonly<Record<string, Uint8Array | undefined>>
  readonly fetch?: (url: string, next: Fetch) => ReturnType<Fetch>
}

function world({ kits = KITS, variants = VARIANTS, change = {}, fetch, metadata = {} }: World = {}) {
  const service = serviceFiles({ kits, key, metadata })
  const files: Record<string, Uint8Array | undefined> = { ...service, ...change }
  const asked: string[] = []
  const served: Fetch = async (url, { maxBytes }) => {
    asked.push(url.slice(SERVICE.length + 1))
    const body = files[url.slice(SERVICE.length + 1)]
    if (body === undefined) throw new ProbeError('not-found', `${url} answers 404`)
    if (body.length > maxBytes) throw new ProbeError('too-large', `${url} is larger than ${maxBytes}`)
    return body
  }
  const memory = memoryPorts({ now: () => NOW })
  const ports = {
    ...{ inputs: memory.store.inputs, lists: memory.lists, log: () => {}, now: () => NOW },
    fetch:
      fetch === undefined
        ? served
        : (url: string, o: Parameters<Fetch>[1]) => fetch(url, (at) => served(at, o)),
  }
  const planner = bottlerocketPlanner(ports, serviceSettings(SERVICE, service, variants))
  const plan = (kernelRelease = '5.15.108', kernelVersion = '1_1.14.1-aws', arch: Kit['arch'] = 'x86_64') =>
    planner.plan({ kernelRelease, kernelVersion, arch, kind: 'kmod' })
  return {
    plan,
    planner,
    asked,
    memory,
    kitsAsked: () => asked.filter((path) => path.startsWith('targets/')),
  }
}

const refusal = (plan: Promise<unknown>) =>
  plan.then(
    (found) => ({ found }),
    (error) => (isProbeError(error) ? { code: error.code, message: error.message } : Promise.reject(error)),
  )

describe('a kernel of Bottlerocket', () => {
  test('is planned from the kit of its release, with the compiler that its config names', async () => {
    const { plan } = world()
    expect(await plan()).toMatchObject({
      ...{ tag: 'headers', kernelRelease: '5.15.108', unameRelease: '5.15.108', compiler: 'gcc-11' },
      compilerText: 'x86_64-bottlerocket-linux-gnu-gcc.br_real (Buildroot 2022.11.1) 11.3.0',
      headers: [
        {
          version: '1.14.1',
          format: 'tar.xz',
          name: expect.stringMatching(/^aws-k8s-1\.2[45]-x86_64-kmod-kit$/),
        },
      ],
      tree: expect.stringMatching(/^aws-k8s-1\.2[45]-x86_64-kmod-kit-v1\.14\.1\/kernel-devel$/),
    })
  })

  test('has no image, because a kit has none: so no load test is planned', async () => {
    expect(await world().plan()).not.toHaveProperty('image')
  })

  test.each([
    ['5.10.178', '1_1.14.1-aws', 'x86_64', 'aws-k8s-1.23-x86_64-kmod-kit-v1.14.1'],
    ['5.15.117', '1_1.14.2-aws', 'x86_64', 'aws-k8s-1.24-x86_64-kmod-kit-v1.14.2'],
    ['5.15.108', '1_1.14.1-aws', 'aarch64', 'aws-k8s-1.24-aarch64-kmod-kit-v1.14.1'],
    ['5.15.108', '1_1.14.1-vmware', 'x86_64', 'vmware-k8s-1.24-x86_64-kmod-kit-v1.14.1'],
  ] as const)('%s of %s for %s has the kit %s', async (kernel, version, arch, name) => {
    expect((await world().plan(kernel, version, arch)).tree).toBe(`${name}/kernel-devel`)
  })

  test('has its kit read once: the next plan fetches none', async () => {
    const { plan, asked, kitsAsked } = world()
    await plan()
    expect(kitsAsked()).toHaveLength(1)
    asked.length = 0
    await plan()
    expect(kitsAsked()).toEqual([])
  })

  test('is found in a variant that is not expected to have kernels of its series', async () => {
    const { plan } = world({ kits: [kit('aws-k8s-1.24', '5.10.178'), kit('aws-k8s-1.33', '5.15.108')] })
    expect((await plan()).tree).toBe('aws-k8s-1.33-x86_64-kmod-kit-v1.14.1/kernel-devel')
  })

  test('is looked for in a limited number of kits at a time, and in the next ones at the next try', async () => {
    const kits = [
      ...['1.24', '1.25', '1.26'].map((one) => kit(`aws-k8s-${one}`, '5.15.1')),
      kit('aws-dev', '5.15.108'),
    ]
    const { plan, kitsAsked } = world({ kits })
    expect(await refusal(plan())).toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(/is read at the next try/),
    })
    expect(kitsAsked()).toHaveLength(2)
    expect((await plan()).tree).toMatch(/^aws-dev-/)
  })
})

describe('no plan is made from', () => {
  test('a release without a kit of that kernel; the refusal names the kernels that it has', async () => {
    const { plan } = world({ variants: VARIANTS.filter(({ name }) => name === 'aws-k8s-1.24') })
    expect(await refusal(plan('5.15.107'))).toEqual({
      code: 'headers-not-found',
      message:
        "no kmod kit of Bottlerocket 1.14.1 (aws, x86_64) has kernel 5.15.107: aws-k8s-1.24-x86_64-kmod-kit-v1.14.1.tar.xz is of 5.15.108. POST the kernel's config to /v1/probes, or upgrade the host to a release that is signed today",
    })
  })

  test('a release or a family that does not exist', async () => {
    expect(await refusal(world().plan('5.15.108', '1_9.9.9-aws'))).toMatchObject({
      code: 'headers-not-found',
    })
    expect(await refusal(world().plan('5.15.108', '1_1.14.1-gcp'))).toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(/name it in bottlerocket\.variants/),
    })
  })

  test('a service that is down, and the error is temporary', async () => {
    const fetch = async (url: string) => {
      throw new ProbeError('mirror-unreachable', `${url} could not be read: down`)
    }
    expect(await refusal(world({ fetch }).plan())).toMatchObject({ code: 'mirror-unreachable' })
  })

  test('repositories that answer 500, though the root is available', async () => {
    const fetch: World['fetch'] = (url, next) => {
      if (url.includes('/metadata/')) throw new ProbeError('mirror-unreachable', `${url} answers 500`)
      return next(url, { maxBytes: 1e9 })
    }
    expect(await refusal(world({ fetch }).plan())).toMatchObject({ code: 'mirror-unreachable' })
  })

  test.each([
    ['403, as the store does to what is not there', 403, 'headers-not-found'],
    ['502', 502, 'mirror-unreachable'],
  ])('a release that no variant has, if one variant answers %s', async (_, status, code) => {
    const fetch: World['fetch'] = (url, next) => {
      if (!url.includes('/metadata/') || !url.includes('aws-k8s-1.25')) return next(url, { maxBytes: 1e9 })
      throw new ProbeError('mirror-unreachable', `${url} answers ${status}`, { cause: { status } })
    }
    expect(await refusal(world({ fetch }).plan('5.15.107'))).toMatchObject({ code })
  })

  test('a store that answers 403 to everything: the kit may exist', async () => {
    const fetch: World['fetch'] = (url, next) => {
      if (!url.includes('/metadata/')) return next(url, { maxBytes: 1e9 })
      throw new ProbeError('mirror-unreachable', `${url} answers 403`, { cause: { status: 403 } })
    }
    expect(await refusal(world({ fetch }).plan())).toMatchObject({ code: 'mirror-unreachable' })
  })

  test('a root other than the one in the settings, whoever signed it', async () => {
    const stranger = serviceFiles({ kits: KITS, key: tufKey() })
    const { plan, kitsAsked } = world({ change: stranger })
    expect(await refusal(plan())).toMatchObject({ code: 'signature-invalid' })
    expect(kitsAsked()).toEqual([])
  })

  test('metadata signed by a stranger, and no kit is fetched', async () => {
    const { plan, kitsAsked } = world({ metadata: { by: [tufKey()] } })
    expect(await refusal(plan())).toMatchObject({
      code: 'signature-invalid',
      message: expect.stringMatching(/timestamp\.json is not believed/),
    })
    expect(kitsAsked()).toEqual([])
  })

  test('expired metadata, until the operator allows it by the named setting', async () => {
    const expires = { timestamp: '2024-01-01T00:00:00Z' }
    expect(await refusal(world({ metadata: { expires } }).plan())).toMatchObject({
      code: 'signature-invalid',
      message: expect.stringMatching(/valid until 2024.*"ofThePast": true in bottlerocket\.variants/),
    })
    const variants = VARIANTS.map((variant) => ({ ...variant, ofThePast: true }))
    expect(await world({ metadata: { expires }, variants }).plan()).toMatchObject({ tag: 'headers' })
  })

  test.each([
    ['half of it', (body: Uint8Array) => body.subarray(0, body.length / 2)],
    ['with a byte changed', (body: Uint8Array) => body.map((byte, i) => (i === 100 ? byte ^ 1 : byte))],
    ['an error page', () => Buffer.from('<html>busy</html>')],
  ])('a kit that is %s; nothing of it is kept', async (_, broken) => {
    const only = [kit('aws-k8s-1.24', '5.15.108')]
    const [path = '', body = new Uint8Array()] =
      Object.entries(serviceFiles({ kits: only, key })).find(([name]) => name.startsWith('targets/')) ?? []
    const { plan, memory } = world({ kits: only, change: { [path]: broken(body) } })
    expect(await refusal(plan())).toMatchObject({ code: 'digest-mismatch' })
    expect([...memory.inside.objects.inputs.keys()]).toEqual([])
  })

  test.each([
    ['no kernel', { README: 'nothing\n' }],
    ['a kernel that does not say its release', { '.config': 'CONFIG_64BIT=y\n' }],
    ['a release that looks like a command', kernelFiles('$(reboot)')],
    ['a kernel of another release', kernelFiles('5.15.109')],
  ])('a signed kit with %s', async (_, tree) => {
    const name = { variant: 'aws-k8s-1.24', arch: 'x86_64' as const, version: '1.14.1' }
    const { plan } = world({ kits: [{ ...name, body: packKit(name, tree) }] })
    expect(await refusal(plan())).toMatchObject({ code: 'headers-not-found' })
  })

  test('a signed kit that is not an archive', async () => {
    const { plan } = world({ kits: [kit('aws-k8s-1.24', '', { body: Buffer.from('no archive') })] })
    expect(await refusal(plan())).toMatchObject({ code: 'headers-not-found' })
  })

  test('an untrusted variant, and a trusted one is still used', async () => {
    const metadata = (variant: string) => (variant === 'aws-k8s-1.25' ? { by: [tufKey()] } : {})
    expect((await world({ metadata }).plan()).tree).toMatch(/^aws-k8s-1\.24-/)
  })
})

describe('a name of Bottlerocket', () => {
  const probe = { driverVersion: '10.2.0+driver', driverName: 'falco', kind: 'kmod', arch: 'x86_64' } as const
  const check = (kernelRelease: string, kernelVersion: string) => () =>
    checkKernel({ ...probe, target: 'bottlerocket', kernelRelease, kernelVersion })

  test('has the release of the kernel, the release of Bottlerocket, and the first part of the variant', () => {
    expect(check('5.10.165', '1_1.13.0-aws')).not.toThrow()
    expect(check('6.12.40', '1_1.51.0-vmware')).not.toThrow()
  })

  test.each([
    ['5.10.165', '1'],
    ['5.10.165', '1_1.13.0'],
    ['5.10.165', '1_1.13.0-aws-k8s-1.28'],
    ['5.10.165', '1_1.13.0-AWS'],
    ['5.10', '1_1.13.0-aws'],
    ['5.10.165-1.amzn2.x86_64', '1_1.13.0-aws'],
    ['5.10.165~$(reboot)', '1_1.13.0-aws'],
  ])('is not %s with %s', (kernelRelease, kernelVersion) => {
    expect(check(kernelRelease, kernelVersion)).toThrow(
      expect.objectContaining({ code: 'unsupported-kernel' }),
    )
  })
})

test('neither the md5 of a config nor packages that a host names find a kit', async () => {
  const { planner } = world()
  const asked = { arch: 'x86_64', unameRelease: '5.15.108', configMd5: '0'.repeat(32) } as const
  await expect(planner.identify(asked)).rejects.toMatchObject({ code: 'headers-not-found' })
  const packages = {
    ...asked,
    kernelRelease: '5.15.108',
    compiler: 'gcc-11',
    kernelUrls: ['https://a.invalid/kit.tar.xz'],
  }
  await expect(planner.planPackages(packages)).rejects.toMatchObject({ code: 'headers-not-found' })
})

test('the default variants number over 30; a plan reads those of its family, first those of its series', () => {
  expect(DEFAULTS.bottlerocket.variants.length).toBeGreaterThan(30)
  const kernel = { arch: 'x86_64', version: '1.14.1', family: 'aws', kernelRelease: '5.15.108' } as const
  const [first, ...rest] = variantsFor(VARIANTS, kernel).map(({ name }) => name)
  expect(first).toBe('aws-k8s-1.27')
  expect(rest.every((name) => name.startsWith('aws-'))).toBe(true)
  expect(rest.indexOf('aws-k8s-1.24')).toBeLessThan(rest.indexOf('aws-k8s-1.28'))
})
