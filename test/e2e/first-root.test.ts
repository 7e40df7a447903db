// Tests the script that composes the build roots before a user's first registry starts, with the real archive.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openObjects } from '../../local/s3/objects.ts'
import { aptOptions } from '../../local/start/apt-sources.ts'
import { SETTINGS } from '../../local/start/first-root.ts'
import { composed } from '../support/builds/roots.ts'
import { mainMirror } from '../support/mirrors.ts'
import { scratch } from '../support/registry/registry.ts'
import { testLong } from '../support/unless.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', 'client', 'roots', 'first-root.ts')

let work: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  work = await scratch()
})
afterAll(() => work.remove())

/** Kills the script once `until` returns true. */
async function run(settings: object, until = (_child: ChildProcess): boolean => false) {
  const cache = join(work.dir, 'cache')
  const child = spawn(process.execPath, [SCRIPT, cache], {
    env: { ...process.env, [SETTINGS]: JSON.stringify({ archive: settings }) },
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const watch = setInterval(() => until(child) && child.kill('SIGKILL'), 20)
  const [code] = (await once(child, 'close')) as [number | null]
  clearInterval(watch)
  return { code, said }
}
/** The names of the complete entries in a folder of the cache. */
function names(folder: string): string[] {
  const path = join(work.dir, 'cache', folder)
  return existsSync(path) ? readdirSync(path).filter((name) => !name.startsWith('.')) : []
}
/** The keys of the roots that are recorded in the bucket. */
async function recorded(): Promise<string[]> {
  const folder = join(work.dir, 'cache', 'bucket')
  const keys: string[] = []
  for await (const { key } of openObjects(folder, [], { shared: { roots: folder } }).list('roots'))
    keys.push(key)
  return keys.filter((key) => key.startsWith('roots/'))
}
const here = () => ({ mirror: mainMirror(), ...aptOptions() })

test('an unreachable mirror does not block the start, and the message names it', async () => {
  const { code, said } = await run({ mirror: 'http://127.0.0.1:9/debian' })
  expect(code).toBe(0)
  expect(said).toMatch(
    /^some build roots are not composed yet \(http:\/\/127\.0\.0\.1:9\/debian.*\); the first request/,
  )
  expect(names('bucket')).toEqual([])
})

testLong(
  'a start that is cut off goes on where it was, tells how far it is, and leaves whole roots',
  async () => {
    const { code } = await run(here(), () => names('packages').length > 10)
    expect(code).toBeNull()
    const kept = names('packages').length
    expect(kept).toBeGreaterThan(10)
    expect(await recorded()).toEqual([])
    const { said } = await run(here())
    for (const what of ['the steps', 'gcc-12', 'the load test']) {
      expect(said).toContain(`build root of ${what}: composing it in `)
      expect(said).toMatch(new RegExp(`build root of ${what}: unpacked (\\d+) of \\1 MB\n`))
    }
    const trees = names('roots').filter((name) => !name.endsWith('.json'))
    expect(trees).toHaveLength(3)
    expect(await recorded()).toHaveLength(3)
    expect(names('packages')).toEqual([])
    for (const program of ['bwrap', 'gcc-12', 'qemu-system-x86_64'])
      expect(trees.some((tree) => existsSync(join(work.dir, 'cache/roots', tree, 'usr/bin', program)))).toBe(
        true,
      )
  },
)

testLong('the next start finds it, and says nothing', async () => {
  expect(await run(here())).toEqual({ code: 0, said: '' })
})

testLong('two users, and two ways to compose, make the same bytes', async () => {
  const { digest } = await composed({ tag: 'compilers', commands: ['gcc-12'] }, 'bookworm')
  expect(names('roots')).toContain(digest)
})
