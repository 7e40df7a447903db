// Tests a withdrawn probe: the registry serves it to nobody, names the reason, and does not build it again.

import { beforeEach, describe, expect, test } from 'vitest'
import { viewOf } from '../../../lib/api/view.ts'
import { deliver } from '../../../lib/serve/direct.ts'
import { wait } from '../../../lib/serve/wait.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, KEY, PATH } from '../../support/world.ts'

const REASON = 'it panics on machines with 512 CPUs: use modern_ebpf'
const AT = Date.UTC(2026, 10, 23, 13)

let world: ReturnType<typeof createWorld>
beforeEach(async () => {
  world = createWorld({ probe: probeBytes(), verdict: 'passed' })
  await world.get()
  await world.deliver()
  const state = world.state()
  if (state?.state !== 'published') throw new Error('not published')
  world.memory.inside.states.set(KEY, { ...state, withdrawn: { reason: REASON, at: AT } })
})
const ports = () => ({
  ...world.resolvePorts,
  ...{ polled: world.resolvePorts.index, holds: world.holds, elapsed: world.resolvePorts.now },
  sleep: async () => undefined,
  sign: async () => undefined,
  read: async () => probeBytes(),
})
const withdrawn = {
  code: 'withdrawn',
  message: expect.stringMatching(
    /^falco_debian_\S+ of driver \S+ was withdrawn by .*: it panics on .* Do not load it/,
  ),
}

describe('a probe that was withdrawn', () => {
  test.each(['GET', 'HEAD'])('is refused to %s with the reason and the next step', async (method) => {
    await expect(world.get(PATH, { method })).rejects.toMatchObject(withdrawn)
  })

  test.each(['asc', 'sha256'])('has no .%s that a loader could trust', async (companion) => {
    await expect(world.get(`${PATH}.${companion}`)).rejects.toMatchObject(withdrawn)
  })

  test('has the withdrawal in its .json, and keeps its log', async () => {
    expect(await world.get(`${PATH}.json`)).toMatchObject({
      body: { state: 'published', withdrawn: { reason: REASON, at: '2026-11-23T13:00:00.000Z' } },
    })
    expect(await world.get(`${PATH}.log`)).toMatchObject({ tag: 'redirect' })
    expect(viewOf(KEY, world.state() as Parameters<typeof viewOf>[1])).toMatchObject({
      state: 'refused',
      reason: 'withdrawn',
      detail: REASON,
    })
  })

  test('redirects a waiting client to its own URL', async () => {
    const request = { method: 'GET', path: `/wait${PATH}`, caller: 'me', until: undefined }
    expect(await wait(ports(), request)).toMatchObject({ tag: 'redirect', location: PATH })
  })

  test('is refused to clients that follow no redirect', async () => {
    await expect(deliver(ports(), { method: 'GET', path: PATH, caller: 'me' })).rejects.toMatchObject(
      withdrawn,
    )
  })

  test('is not built again, even after two days', async () => {
    const builds = world.memory.inside.builds.length
    world.pass(48 * 3_600_000)
    await world.get().catch(() => undefined)
    await world.sweep()
    await world.deliver()
    expect(world.memory.inside.builds).toHaveLength(builds)
  })
})
