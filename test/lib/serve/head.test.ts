// Tests that HEAD redirects to the same object as GET, with a URL signed for HEAD: each URL is signed for one method.

import { beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../../../lib/serve/answer.ts'
import { wait } from '../../../lib/serve/wait.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, PATH } from '../../support/world.ts'

/** The object of a redirect, and the method that its URL is signed for. */
function objectOf(answer: Answer): { object: string; method: string | null } {
  if (answer.tag !== 'redirect') throw new Error(`no redirect: ${JSON.stringify(answer)}`)
  const { host, pathname, searchParams } = new URL(answer.location)
  return { object: host + pathname, method: searchParams.get('method') }
}

/** The objects of both methods. */
async function objects(ask: (method: string) => Promise<Answer>) {
  return { get: objectOf(await ask('GET')), head: objectOf(await ask('HEAD')) }
}

describe('HEAD', () => {
  let world: ReturnType<typeof createWorld>
  beforeAll(async () => {
    world = createWorld({ probe: probeBytes() })
    await world.get()
    await world.deliver()
  })

  test.each([PATH, `${PATH}.asc`, `${PATH}.sha256`, `${PATH}.log`])(
    'of %s redirects to the same object as GET',
    async (path) => {
      const { get, head } = await objects((method) => world.get(path, { method }))
      expect(get.method).toBe('GET')
      expect(head).toEqual({ ...get, method: 'HEAD' })
    },
  )

  test('of a long poll redirects to the same object as GET', async () => {
    const ports = {
      ...world.resolvePorts,
      polled: world.resolvePorts.index,
      holds: world.holds,
      elapsed: world.resolvePorts.now,
      sleep: async () => undefined,
      sign: async () => undefined,
    }
    const { get, head } = await objects((method) =>
      wait(ports, { method, path: `/wait${PATH}`, caller: 'me', until: undefined }),
    )
    expect(get.method).toBe('GET')
    expect(head).toEqual({ ...get, method: 'HEAD' })
  })
})
