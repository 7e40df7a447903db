// Tests reads of many suites of an archive: the registry skips and reports a suite that it cannot read, but a forged suite
// always fails the read.

import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { keepOf } from '../../../../lib/archives/apt/archive.ts'
import { BELIEVED_MILLISECONDS, refusalOf, suiteReader } from '../../../../lib/archives/apt/suites.ts'
import { createFetch } from '../../../../lib/aws/fetch.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import { type ArchiveKey, type ArchiveStandIn, archiveKey, startArchive } from '../../../support/archive.ts'
import { memoryPorts } from '../../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const DAY = 24 * 3_600_000

let key: ArchiveKey
let another: ArchiveKey
let archive: ArchiveStandIn
beforeAll(async () => {
  ;[key, another] = await Promise.all([archiveKey(NOW - 30 * DAY), archiveKey(NOW - 30 * DAY)])
})
beforeEach(async () => {
  archive = await startArchive()
  return () => archive.close()
})

const add = (suite: string, key: ArchiveKey, version = '1') =>
  archive.add({ archive: 'debian', suite, date: NOW - DAY, key, debs: [{ name: `linux-${suite}`, version }] })

function reader(names: readonly string[], components?: readonly string[][]) {
  let now = NOW
  const { store, lists, log, inside } = memoryPorts({ now: () => now })
  const ports = { fetch: createFetch(), inputs: store.inputs, lists, log, now: () => now }
  const suites = names.map((suite, i) => ({
    ...{ mirror: `${archive.url}/debian`, suite },
    ...(components?.[i] === undefined ? {} : { components: components[i] }),
  }))
  const { read } = suiteReader(ports, {
    whose: 'the test',
    suites,
    keyring: key.publicKey,
    keep: keepOf([], /^linux-/),
  })
  return { read, lines: inside.log, later: (ms: number) => (now += ms) }
}

const named = ({ packages }: { packages: readonly { name: string }[] }) => packages.map(({ name }) => name)

describe('suites', () => {
  test('are read in their order', async () => {
    await add('b', key)
    await add('a', key)
    expect(named(await reader(['a', 'b']).read('x86_64'))).toEqual(['linux-a', 'linux-b'])
  })

  test('may be listed twice with different components', async () => {
    await add('a', key)
    const { read } = reader(['a', 'a'], [['main'], ['contrib']])
    expect(named(await read('x86_64'))).toEqual(['linux-a'])
  })

  test('that the mirror lacks are skipped and reported', async () => {
    await add('a', key)
    const { read, lines } = reader(['gone', 'a'])
    const { packages, unread } = await read('x86_64')
    expect(named({ packages })).toEqual(['linux-a'])
    expect(unread).toMatchObject([{ suite: { suite: 'gone' }, error: { code: 'not-found' } }])
    expect(lines.filter(({ event }) => event === 'suite not read')).toMatchObject([
      { fields: { suite: 'gone', why: expect.stringContaining('answers 404') } },
    ])
    const refusal = refusalOf(new ProbeError('headers-not-found', 'There is none.'), unread)
    expect(refusal.code).toBe('headers-not-found')
    expect(refusal.message).toMatch(/^There is none\. Not read: gone \(.*answers 404\)$/)
  })

  test('that are unreachable are skipped, and a missing package is then reported as mirror-unreachable', async () => {
    await add('a', key)
    archive.answer = (path, response) => path.includes('/broken/') && !!response.writeHead(503).end()
    const { packages, unread } = await reader(['broken', 'a']).read('x86_64')
    expect(named({ packages })).toEqual(['linux-a'])
    const refusal = refusalOf(new ProbeError('headers-not-found', 'There is none.'), unread)
    expect(refusal.code).toBe('mirror-unreachable')
    expect(refusal.message).toMatch(/^There is none\. Not read: broken \(.*answers 503\)$/)
  })

  test('fail the read as mirror-unreachable if none of them can be read', async () => {
    await expect(reader(['gone', 'too']).read('x86_64')).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(
        /^no suite of the test could be read: gone \(.*404\), too \(.*404\)\. If this stays so, .*mirror/,
      ),
    })
  })

  test('that an unknown key signed fail the read, whatever the other suites contain', async () => {
    await add('a', key)
    await add('forged', another)
    await expect(reader(['a', 'forged']).read('x86_64')).rejects.toMatchObject({ code: 'signature-invalid' })
  })

  test('fail the read if a Packages index differs from the signed one', async () => {
    await add('a', key)
    await add('b', key)
    archive.answer = (path, response) => /\/b\/.*(Packages|by-hash)/.test(path) && !!response.end('lies')
    await expect(reader(['a', 'b']).read('x86_64')).rejects.toMatchObject({ code: 'digest-mismatch' })
  })

  test('of a lower rank are read first, and the others only if those do not decide', async () => {
    for (const suite of ['a', 'b', 'c']) await add(suite, key)
    const { read } = reader(['a', 'b', 'c'])
    const rank = ({ suite }: { suite: string }) => (suite === 'b' ? 0 : 1)
    expect(named(await read('x86_64', { rank, decides: () => true }))).toEqual(['linux-b'])
    expect(archive.asked.filter((path) => !path.includes('/b/'))).toEqual([])
    expect(named(await read('x86_64', { rank, decides: () => false })).toSorted()).toEqual([
      'linux-a',
      'linux-b',
      'linux-c',
    ])
  })

  test('are read with at most four requests at a time', async () => {
    const names = [...'abcdefghijkl']
    for (const suite of names) await add(suite, key)
    const { read } = reader(names)
    const readings = await Promise.all([read('x86_64'), read('aarch64'), read('x86_64')])
    expect(readings.map(({ packages }) => packages.length)).toEqual([12, 0, 12])
    expect(archive.mostAtOnce()).toBeLessThanOrEqual(4)
  })

  test('are cached for a minute, and then only the InRelease is read if the suite did not change', async () => {
    await add('a', key)
    const { read, later } = reader(['a'])
    await Promise.all([read('x86_64'), read('x86_64')])
    expect(archive.asked).toHaveLength(2)
    await read('x86_64')
    expect(archive.asked).toHaveLength(2)
    later(BELIEVED_MILLISECONDS)
    await read('x86_64')
    expect(archive.asked.slice(2)).toEqual(['/debian/dists/a/InRelease'])
  })

  test('that could not be read are tried again by the next request', async () => {
    const { read } = reader(['a', 'b'])
    await add('a', key)
    expect((await read('x86_64')).unread).toHaveLength(1)
    await add('b', key)
    expect((await read('x86_64')).unread).toHaveLength(0)
  })
})
