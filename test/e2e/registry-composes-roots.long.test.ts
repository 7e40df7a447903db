// A user's first registry whose first start composed no build root, as with a mirror that was away: its own builds do.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DONE } from '../../local/start/first-root.ts'
import { pinnedPath } from '../support/registry/probes.ts'
import { ask } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const here = stand()

test('roots that the registry composes by itself are unpacked as what was recorded, and the probe is served', async () => {
  const cache = join(here.dir(), 'cache', 'probe-registry')
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  writeFileSync(join(cache, DONE), '')
  const { url } = await here.start({ env: { XDG_CACHE_HOME: join(here.dir(), 'cache') } })
  const path = pinnedPath('amd64')
  const got = await here.get(path, '--retry', '20', '--max-time', '600')
  expect((await ask(`${url}${path}.json`)).body).toContain('"published"')
  expect(got).toMatchObject({ code: 0 })
})
