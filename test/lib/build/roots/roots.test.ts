// Tests many plans of one process that want roots at the same time.

import { gzipSync } from 'node:zlib'
import { createCleartextMessage, sign } from 'openpgp'
import { expect, test } from 'vitest'
import { rootOf } from '../../../../lib/build/roots/roots.ts'
import { sha256 } from '../../../../lib/model/digest.ts'
import { limited } from '../../../../lib/model/limited.ts'
import { archiveKey } from '../../../support/archive.ts'
import { memoryListDates, memoryStore } from '../../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 23)
const stanza = (name: string) =>
  `Package: ${name}\nVersion: 1\nFilename: pool/${name}.deb\nSize: 1\nSHA256: ${'0'.repeat(64)}\n\n`
const LIST = gzipSync(['gcc-12', 'clang-14'].map(stanza).join(''))

async function archive() {
  const key = await archiveKey(NOW - 86_400_000)
  const line = ` ${sha256(LIST)} ${LIST.length} main/binary-amd64/Packages.gz`
  const text = `Origin: Debian\nCodename: bookworm\nDate: Sun, 22 Nov 2026 20:51:12 UTC\nSHA256:\n${line}\n`
  const message = await createCleartextMessage({ text })
  const release = Buffer.from(
    await sign({ message, signingKeys: key.privateKey, date: new Date(NOW - 1000) }),
  )
  const lists = { read: 0, atOnce: 0, most: 0 }
  const fetch = async (url: string) => {
    if (url.endsWith('/InRelease')) return release
    lists.read += 1
    lists.atOnce += 1
    lists.most = Math.max(lists.most, lists.atOnce)
    await new Promise((resolve) => setTimeout(resolve, 20))
    lists.atOnce -= 1
    return LIST
  }
  const ports = {
    ...{ fetch, inputs: memoryStore().store, now: () => NOW, lists: memoryListDates(), log: () => {} },
    keyring: key.publicKey,
  }
  return { ports, lists }
}
const SUITE = { mirror: 'http://mirror.invalid/debian', suite: 'bookworm' }

test('plans that want the same root share one read of its list, and the lists of other roots are read in turn', async () => {
  const { ports, lists } = await archive()
  const inTurn = limited(1)
  const wanted = [['gcc-12'], ['gcc-12'], ['gcc-12', 'clang-14'], ['gcc-12', 'clang-14'], ['gcc-12']]
  const roots = await Promise.all(wanted.map((names) => rootOf({ ...ports, inTurn }, SUITE, 'x86_64', names)))
  expect(roots.map(({ packages }) => packages.length)).toEqual([1, 1, 2, 2, 1])
  expect(lists).toMatchObject({ read: 2, most: 1 })
})

test('a root that cannot be made does not block the next one', async () => {
  const { ports } = await archive()
  const inTurn = limited(1)
  const [no, yes] = await Promise.allSettled([
    rootOf({ ...ports, inTurn }, SUITE, 'x86_64', ['gcc-99']),
    rootOf({ ...ports, inTurn }, SUITE, 'x86_64', ['gcc-12']),
  ])
  expect([no?.status, yes?.status]).toEqual(['rejected', 'fulfilled'])
})
