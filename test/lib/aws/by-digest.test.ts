// Tests the redirects of hits to a path that the distribution serves itself, and the cases without such a redirect.

import { expect, test } from 'vitest'
import { byDigest } from '../../../lib/aws/by-digest.ts'
import { BY_DIGEST } from '../../../lib/aws/resources.ts'
import { isPublished } from '../../../lib/model/keys.ts'
import type { Request } from '../../../lib/serve/answer.ts'
import { resolve } from '../../../lib/serve/resolve.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, KEY, PATH } from '../../support/world.ts'

const EXPIRES = { expiresSeconds: 60 }
const HOST = 'https://probes.example.org'

async function published() {
  const world = createWorld({ probe: probeBytes() })
  await world.get()
  await world.deliver()
  const state = world.state(KEY)
  if (state?.state !== 'published') throw new Error('it was not published')
  const artifacts = byDigest(world.memory.presigner.artifacts)
  const ask = (path: string, method: Request['method'] = 'GET') =>
    resolve({ ...world.resolvePorts, artifacts }, { method, path, caller: '203.0.113.1' })
  return { world, state, ask }
}

test('a hit redirects to a path on the same host that contains the digest and ends with the file name', async () => {
  const { state, ask } = await published()
  for (const method of ['GET', 'HEAD']) {
    const answer = await ask(PATH, method)
    const { location } = answer as { location: string }
    expect(location).toMatch(/^\/by-digest\/[A-Za-z0-9%/._~-]+$/)
    const url = new URL(location, `${HOST}${PATH}`)
    expect([url.origin, url.search]).toEqual([HOST, ''])
    const key = decodeURIComponent(url.pathname).slice(BY_DIGEST.length + 1)
    expect(key).toBe(state.objectKey)
    expect(key.split('/').slice(-2)).toEqual([state.sha256, KEY.split('/').at(-1)])
    // S3 reads a plus in a path as a space.
    expect(location).not.toContain('+')
  }
})

test('a sidecar redirects in the same way', async () => {
  const { state, ask } = await published()
  for (const companion of ['asc', 'sha256', 'log']) {
    const { location } = (await ask(`${PATH}.${companion}`)) as { location: string }
    expect(decodeURIComponent(location)).toBe(`${BY_DIGEST}/${state.objectKey}.${companion}`)
  }
})

test('a withdrawn probe has no redirect, so the registry no longer gives out its path', async () => {
  const { world, state, ask } = await published()
  world.memory.inside.states.set(KEY, {
    ...state,
    withdrawn: { reason: 'it panics', at: world.memory.now() },
  })
  for (const path of [PATH, `${PATH}.asc`, `${PATH}.sha256`])
    await expect(ask(path)).rejects.toMatchObject({ code: 'withdrawn' })
})

test('an unpublished object still has a presigned URL', async () => {
  const { world } = await published()
  const signed = world.memory.presigner.artifacts
  const urls = byDigest(signed)
  for (const key of [`${KEY}/failed/1.log`, 'keys/falco-probes.asc', `${'a'.repeat(64)}`]) {
    expect(isPublished(key)).toBe(false)
    expect(await urls.get(key, EXPIRES)).toBe(await signed.get(key, EXPIRES))
    expect(await urls.head(key, EXPIRES)).toBe(await signed.head(key, EXPIRES))
  }
})
