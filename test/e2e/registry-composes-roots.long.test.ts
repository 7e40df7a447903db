// Tests a user's first registry if its start composed no build roots, e.g. because the mirror was unreachable: then the
// registry's own builds compose them.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DONE } from '../../local/start/first-root.ts'
import { pinnedPath } from '../support/registry/probes.ts'
import { ask } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const here = stand()

test('the registry composes its own roots, and serves the probe', async () => {
  const cache = join(here.dir(), 'cache', 'probe-registry')
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  writeFileSync(join(cache, DONE), '')
  const { url } = await here.start({ env: { XDG_CACHE_HOME: join(here.dir(), 'cache') } })
  const path = pinnedPath('amd64')
  const got = await here.get(path, '--retry', '20', '--max-time', '600')
  expect((await ask(`${url}${path}.json`)).body).toContain('"published"')
  expect(got).toMatchObject({ code: 0 })
})
