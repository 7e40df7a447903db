// Tests which inputs are fetched in parallel, and which of several errors is reported.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type DecidePorts, decide } from '../../../lib/build/decide.ts'
import type { KernelPlan } from '../../../lib/kernels/planner.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { ProbeError } from '../../../lib/model/errors.ts'
import type { Probe } from '../../../lib/model/probe.ts'
import { keyOf } from '../../../lib/names/grammar.ts'

const DIGEST = 'a'.repeat(64)
const probe: Probe = {
  ...{ driverVersion: '0.20.0', driverName: 'scap', arch: 'x86_64', kind: 'kmod' },
  ...{ target: 'debian', kernelRelease: '6.1.192-2-amd64', kernelVersion: '1' },
}
const request = { key: keyOf(probe), claim: 'claim', attempt: 1 }
const pkg = (name: string) => ({
  ...{ name, version: '1', url: `http://mirror.invalid/${name}`, sha256: DIGEST, bytes: 7 },
  format: 'deb' as const,
})
const kernel: KernelPlan = {
  ...{ tag: 'headers', kernelRelease: '6.1.192-2-amd64', unameRelease: '6.1.0-56-amd64' },
  ...{ compiler: 'gcc-12', tree: 'usr/src/a', headers: [pkg('headers'), pkg('common')] },
}
const record = { id: 'root', suite: 'bookworm', digest: DIGEST, sha256: DIGEST, bytes: 1 }

const ports: DecidePorts = {
  settings: DEFAULTS,
  driver: async () => ({ source: pkg('driver'), format: 'deb', bytes: 7, recipe: 'makefile' }),
  root: async () => ({ record, match: 'text', compiler: 'gcc-12', treeRoot: DIGEST, machine: 'x86_64' }),
  stepsRoot: async () => record,
  cache: { find: async () => undefined },
  ensureInput: async () => undefined,
  checkKept: async () => {},
}

test('the packages of the headers and the driver are fetched while the root is chosen', async () => {
  const fetched: string[] = []
  const root = Promise.withResolvers<Awaited<ReturnType<DecidePorts['root']>>>()
  const decided = decide(
    {
      ...ports,
      root: () => root.promise,
      driver: async (of) => {
        fetched.push('driver')
        return ports.driver(of)
      },
      ensureInput: async ({ name }) => void fetched.push(name),
    },
    request,
    kernel,
    {},
  )
  await sleep(10)
  expect(fetched.toSorted()).toEqual(['common', 'driver', 'headers'])
  root.resolve(await ports.root('x86_64', 'kmod', { command: 'gcc-12', text: undefined, least: undefined }))
  expect((await decided).inputs.map(({ role }) => role)).toEqual(['header', 'header', 'driver'])
  expect(fetched).toHaveLength(3)
})

test('of two errors the same one is reported, whichever occurs first', async () => {
  const failing = (code: 'root-missing' | 'driver-source-not-found', milliseconds: number) => async () => {
    await sleep(milliseconds)
    throw new ProbeError(code, 'why')
  }
  for (const [rootAfter, driverAfter] of [
    [1, 20],
    [20, 1],
  ] as const) {
    const root = failing('root-missing', rootAfter)
    const driver = failing('driver-source-not-found', driverAfter)
    await expect(decide({ ...ports, root, driver }, request, kernel, {})).rejects.toMatchObject({
      code: 'root-missing',
    })
  }
})
