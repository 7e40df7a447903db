import { createCleartextMessage, generateKey, sign } from 'openpgp'
import { beforeAll, expect, test } from 'vitest'
import { aptArchive, keepOf } from '../../../../lib/archives/apt/archive.ts'
import { memoryListDates, memoryStore } from '../../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 23)

let keyring: string
let inRelease: Uint8Array
beforeAll(async () => {
  const { privateKey, publicKey } = await generateKey({
    ...{ type: 'rsa', rsaBits: 2048, userIDs: [{ name: 'Archive' }], format: 'object' },
    date: new Date(NOW - 86_400_000),
  })
  keyring = publicKey.armor()
  const text = 'Origin: Debian\nCodename: bookworm\nDate: Sun, 22 Nov 2026 20:51:12 UTC\nSHA256:\n'
  const message = await createCleartextMessage({ text })
  inRelease = new TextEncoder().encode(
    await sign({ message, signingKeys: privateKey, date: new Date(NOW - 1000) }),
  )
})

function archive(answer: () => Uint8Array) {
  let asked = 0
  const fetch = async () => {
    asked += 1
    return answer()
  }
  const ports = {
    fetch,
    inputs: memoryStore().store,
    now: () => NOW,
    lists: memoryListDates(),
    log: () => {},
  }
  const suites = [{ mirror: 'http://mirror.invalid/debian', suite: 'bookworm' }]
  return { ...aptArchive(ports, { suites, keyring, keep: keepOf(['linux-image']) }), asked: () => asked }
}

test('concurrent requests share one read of the lists, and a later request reads them again', async () => {
  const { packages, asked } = archive(() => inRelease)
  await Promise.all(Array.from({ length: 20 }, () => packages('x86_64')))
  expect(asked()).toBe(1)
  await packages('x86_64')
  expect(asked()).toBe(2)
})

test('a failed read fails all requests that wait for it, but no later ones', async () => {
  let down = true
  const { packages } = archive(() => (down ? new Uint8Array() : inRelease))
  const tried = await Promise.allSettled(Array.from({ length: 5 }, () => packages('x86_64')))
  expect(tried.map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
  down = false
  expect(await packages('x86_64')).toEqual([])
})
