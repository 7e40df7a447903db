// What becomes of a plan that a mirror keeps from being made: nothing is decided, and it is made soon.

import { expect, test } from 'vitest'
import { ProbeError } from '../../../lib/model/errors.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, KEY, PATH } from '../../support/world.ts'

test('a mirror that is away decides nothing: 503 at once, and built once it is back', async () => {
  let away = true
  const here = createWorld({
    probe: probeBytes(),
    today: (kernelRelease) => {
      if (away) throw new ProbeError('mirror-unreachable', 'http://mirror.invalid/InRelease answers 502')
      return kernelRelease
    },
  })
  await here.get()
  await here.deliver()
  expect(here.state()).toMatchObject({ state: 'failed', reason: 'mirror-unreachable' })
  expect(await here.get()).toMatchObject({
    problem: {
      status: 503,
      code: 'mirror-unreachable',
      detail:
        'falco_debian_6.1.1-1-amd64_1.ko of driver 1.2.3+driver waits for a mirror: http://mirror.invalid/InRelease answers 502. The next request after 2026-11-23T12:00:30.000Z asks it again',
      retryAfter: 30,
    },
  })
  away = false
  here.pass(30_000)
  await here.get()
  await here.deliver()
  expect(here.memory.inside.states.get(KEY)).toMatchObject({ state: 'published' })
  expect(await here.get(PATH)).toMatchObject({ tag: 'redirect' })
})
