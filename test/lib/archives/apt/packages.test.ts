// Tests which form of a Packages index is read: the fastest one, or any that the mirror serves as it was signed.

import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { createCleartextMessage, sign } from 'openpgp'
import { beforeAll, expect, test } from 'vitest'
import { fetchPackages } from '../../../../lib/archives/apt/packages.ts'
import { sha256 } from '../../../../lib/model/digest.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import { type ArchiveKey, archiveKey } from '../../../support/archive.ts'
import { memoryListDates, memoryStore } from '../../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 23)
const LIST = `Package: linux-headers-6
Version: 6.1-1
Filename: pool/l.deb
Size: 1
SHA256: ${'0'.repeat(64)}
`
const FOLDER = 'main/binary-amd64'
const BODIES: Readonly<Record<string, Uint8Array>> = {
  'Packages.gz': gzipSync(LIST),
  'Packages.xz': execFileSync('xz', ['-c'], { input: LIST }),
  Packages: Buffer.from(LIST),
}

let key: ArchiveKey
beforeAll(async () => {
  key = await archiveKey(NOW - 86_400_000)
})

async function inRelease(names: readonly string[]): Promise<Uint8Array> {
  const lines = names.map((name) => ` ${sha256(BODIES[name]!)} ${BODIES[name]!.length} ${FOLDER}/${name}`)
  const text = `Origin: Debian\nCodename: bookworm\nDate: Sun, 22 Nov 2026 20:51:12 UTC\nSHA256:\n${lines.join('\n')}\n`
  const message = await createCleartextMessage({ text })
  const signed = await sign({ message, signingKeys: key.privateKey, date: new Date(NOW - 1000) })
  return Buffer.from(signed)
}

/** The names of the lists that were asked for, and the packages that were found. */
async function read(
  signed: readonly string[],
  serve: (name: string) => Uint8Array | undefined = (name) => BODIES[name],
) {
  const release = await inRelease(signed)
  const asked: string[] = []
  const fetch = async (url: string) => {
    const name = url.replace(/^.*\//, '')
    if (name === 'InRelease') return release
    asked.push(url.includes('/by-hash/') ? 'by-hash' : name)
    const body = serve(name)
    if (body === undefined) throw new ProbeError('not-found', `${url} answers 404`)
    return body
  }
  const found = await fetchPackages(
    {
      ...{ fetch, inputs: memoryStore().store, now: () => NOW, lists: memoryListDates() },
      ...{ log: () => {}, keyring: key.publicKey },
    },
    { mirror: 'http://mirror.invalid/debian', suite: 'bookworm' },
    'amd64',
    { id: 'all', test: () => true },
  )
  return { asked, names: found.map(({ name }) => name) }
}

const names = ['linux-headers-6']

test('gzip is read if an archive has it', async () => {
  expect(await read(['Packages', 'Packages.gz', 'Packages.xz'])).toEqual({ asked: ['Packages.gz'], names })
})

test('xz is read if an archive has no gzip, and a plain index if it has no compressed one', async () => {
  expect(await read(['Packages', 'Packages.xz'])).toEqual({ asked: ['Packages.xz'], names })
  expect(await read(['Packages'])).toEqual({ asked: ['Packages'], names })
})

test('the next form is read if the mirror lacks the first one or serves a forged one', async () => {
  const xzAlone = (name: string) => (name === 'Packages.xz' ? BODIES[name] : undefined)
  const asked = ['Packages.gz', 'by-hash', 'Packages.xz']
  expect(await read(['Packages.gz', 'Packages.xz'], xzAlone)).toEqual({ asked, names })
  const forged = (name: string) => (name === 'Packages.gz' ? Buffer.from('forged') : xzAlone(name))
  expect(await read(['Packages.gz', 'Packages.xz'], forged)).toEqual({ asked, names })
})

test('a mirror that serves no form as it was signed is refused', async () => {
  await expect(read(['Packages.gz', 'Packages.xz'], () => Buffer.from('forged'))).rejects.toMatchObject({
    code: 'digest-mismatch',
    message: expect.stringContaining('serves a main/binary-amd64/Packages.gz of bookworm'),
  })
})
