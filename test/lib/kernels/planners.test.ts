// All planners together, over Debian's real archive: who is asked, and what is said where nobody knows.

import { describe, expect, test } from 'vitest'
import { createFetch } from '../../../lib/aws/fetch.ts'
import { queryDatabase } from '../../../lib/aws/sqlite.ts'
import { createPlanners } from '../../../lib/kernels/planners.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { ProbeError } from '../../../lib/model/errors.ts'
import type { SubmittedKernel } from '../../../lib/model/kernel.ts'
import type { ConfigHash } from '../../../lib/model/probe.ts'
import { debian, NO_SNAPSHOT } from '../../support/debian.ts'
import { memoryPorts } from '../../support/memory.ts'
import { debianSuites } from '../../support/mirrors.ts'

const { store, sources, lists, log } = memoryPorts({ now: Date.now })
const ports = {
  inputs: store.inputs,
  fetch: createFetch(),
  now: Date.now,
  sources,
  lists,
  log,
  query: queryDatabase,
}
const settings = {
  ...DEFAULTS,
  debian: { ...DEFAULTS.debian, suites: [...debianSuites()], snapshot: NO_SNAPSHOT },
}
const planners = createPlanners(settings, ports)

const stored = { sha256: 'a'.repeat(64), bytes: 1 }
const submitted = (unameRelease: string, kernelUrls: string[]): SubmittedKernel => ({
  arch: 'x86_64',
  target: 'vanilla',
  kernelRelease: unameRelease,
  kernelVersion: '1',
  unameRelease,
  configSha256: 'a'.repeat(64),
  configMd5: 'a'.repeat(32),
  config: stored,
  kernelUrls,
  sourceVersion: '6.1.192',
  compiler: 'gcc-12',
  refused: {},
  force: false,
})
const named = (unameRelease: string): ConfigHash => ({
  driverVersion: '0.20.0',
  driverName: 'scap',
  arch: 'x86_64',
  kind: 'kmod',
  unameRelease,
  configMd5: 'a'.repeat(32),
})

test('a host that says which distribution it is waits for the mirrors of no other one', async () => {
  const asked: string[] = []
  const away = createPlanners(settings, {
    ...ports,
    fetch: async (url) => {
      asked.push(new URL(url).host)
      throw new ProbeError('mirror-unreachable', `${url} does not answer`)
    },
  })
  const kernel = named('5.14.0-427.13.1.el9_4.x86_64')
  await expect(away.identify({ ...kernel, target: 'rocky' })).rejects.toMatchObject({
    code: 'mirror-unreachable',
  })
  expect([...new Set(asked)]).toEqual(['dl.rockylinux.org'])
  await expect(away.identify(kernel)).rejects.toMatchObject({ code: 'mirror-unreachable' })
  expect(asked).toContain('repo.almalinux.org')
})

test('a key of one target that is none stops no other target', async () => {
  const broken = { ...settings, photon: { ...settings.photon, keys: ['not a key'] } }
  const made = createPlanners(broken, ports)
  const probe = { ...named(''), kernelVersion: '1' }
  await expect(
    made.plan({ ...probe, target: 'debian', kernelRelease: '6.1.1-1-amd64' }),
  ).rejects.toMatchObject({
    code: 'headers-not-found',
  })
  await expect(
    made.plan({ ...probe, target: 'photon', kernelRelease: '6.1.83-3.ph5' }),
  ).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching(/photon\.keys/),
  })
})

describe('a kernel', () => {
  test('of a target without a planner is refused', async () => {
    const probe = { ...named(''), target: 'templeos', kernelRelease: '1.0', kernelVersion: '1' }
    await expect(async () => planners.plan(probe)).rejects.toMatchObject({ code: 'unknown-target' })
  })

  test('whose name no distribution has is not looked for in any', async () => {
    await expect(planners.identify(named('6.1.192-mine'))).rejects.toMatchObject({
      code: 'headers-not-found',
      message: 'no distribution that is built here has a kernel 6.1.192-mine',
    })
  })

  test('of a name that a distribution has, but with another config, is not its own', async () => {
    const [kernel] = await debian(ports, debianSuites()).kernels('x86_64')
    await expect(planners.identify(named(kernel?.unameRelease ?? ''))).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringContaining('this host runs a custom kernel'),
    })
  })

  test('that names its packages is planned from those that the archive has, by their file names alone', async () => {
    const [kernel] = await debian(ports, debianSuites()).kernels('x86_64')
    const { headers } = await debian(ports, debianSuites()).plan({
      ...named(''),
      kernelRelease: kernel?.kernelRelease ?? '',
      kernelVersion: '1',
    })
    const elsewhere = headers.map(({ url }) => url.replace(/^.*\//, 'http://elsewhere.invalid/'))
    const plan = await planners.planSubmitted(submitted(kernel?.unameRelease ?? '', elsewhere))
    expect(plan).toMatchObject({ tag: 'headers', headers })
    await expect(
      planners.planSubmitted(
        submitted('6.1.192-mine', ['http://elsewhere.invalid/linux-headers-mine_1_amd64.deb']),
      ),
    ).rejects.toMatchObject({ code: 'headers-not-found' })
  })
})
