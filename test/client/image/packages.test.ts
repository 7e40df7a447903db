// Tests which packages the image consists of. A key of this test signs the lists.

import { gzipSync } from 'node:zlib'
import { createCleartextMessage, sign } from 'openpgp'
import { describe, expect, test } from 'vitest'
import { imageRoot, imageSuites } from '../../../client/image/packages.ts'
import { createFetch } from '../../../lib/aws/fetch.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { archiveKey } from '../../support/archive.ts'
import { memoryListDates, memoryStore } from '../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 23)
const stanza = (name: string, depends = '', version = '1') =>
  `Package: ${name}\nVersion: ${version}\nDepends: ${depends}\nFilename: pool/${name}.deb\nSize: 1\nSHA256: ${'0'.repeat(64)}\n\n`
const NAMED = [
  ...['busybox-static', 'curl', 'gpgv', 'kmod', 'zstd'].map((name) => stanza(name, 'libc6')),
  stanza('ca-certificates', 'openssl (>= 1), debconf (>= 0.5) | debconf-2.0'),
  ...[stanza('libc6', 'debconf | debconf-2.0'), stanza('openssl', 'libperl'), stanza('debconf', 'perl-base')],
]
const SUITES = imageSuites(DEFAULTS)

/** An archive with amd64 only. */
async function archive(main: readonly string[], security: readonly string[] = []) {
  const key = await archiveKey(NOW - 86_400_000)
  const lists = [main, security].map((stanzas) => gzipSync(stanzas.join('')))
  const releases = await Promise.all(
    lists.map(async (list, at) => {
      const line = ` ${sha256(list)} ${list.length} main/binary-amd64/Packages.gz`
      const codename = SUITES[at]?.suite
      const text = `Origin: Debian\nCodename: ${codename}\nDate: Sun, 22 Nov 2026 20:51:12 UTC\nSHA256:\n${line}\n`
      const date = new Date(NOW - 1000)
      const message = await createCleartextMessage({ text })
      return Buffer.from(await sign({ message, signingKeys: key.privateKey, date }))
    }),
  )
  const fetch = async (url: string) => {
    const [release, list] = [releases, lists].map((all) => all[url.includes('security') ? 1 : 0])
    return (url.endsWith('/InRelease') ? release : list) ?? Buffer.alloc(0)
  }
  return {
    ...{ fetch, inputs: memoryStore().store, now: () => NOW, lists: memoryListDates(), log: () => {} },
    keyring: key.publicKey,
  }
}

describe('the packages of the image', () => {
  test('are those that the loader needs, without those that only maintainer scripts run', async () => {
    const { packages } = await imageRoot(await archive(NAMED), SUITES, 'amd64')
    const names = ['busybox-static', 'ca-certificates', 'curl', 'gpgv', 'kmod', 'libc6', 'zstd']
    expect(packages.map(({ name }) => name)).toEqual(names)
  })

  test('are each the newest of the suite and its security updates', async () => {
    const ports = await archive(NAMED, [stanza('curl', 'libc6', '1+deb13u1')])
    const { packages, suite } = await imageRoot(ports, SUITES, 'amd64')
    expect(packages.find(({ name }) => name === 'curl')?.version).toBe('1+deb13u1')
    expect(packages.find(({ name }) => name === 'gpgv')?.version).toBe('1')
    expect(suite).toBe('trixie')
  })

  test('for an architecture that the suite lacks are refused, with the settings to change', async () => {
    await expect(imageRoot(await archive(NAMED), SUITES, 'arm64')).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(
        /^trixie has no packages for aarch64\. .*roots\.mirror and debian\.mirrors\.security.*--arch amd64$/,
      ),
    })
  })

  test('are refused if one is missing, and it is named', async () => {
    const without = NAMED.filter((one) => !one.startsWith('Package: gpgv\n'))
    await expect(imageRoot(await archive(without), SUITES, 'amd64')).rejects.toThrow(/has no gpgv/)
  })

  test('are refused if no mirror is reachable, with a hint to name other mirrors', async () => {
    const ports = { ...(await archive(NAMED)), fetch: createFetch({ timeoutMs: 2000 }) }
    const away = 'http://127.0.0.1:9/debian'
    const suites = imageSuites({
      roots: { ...DEFAULTS.roots, mirror: away },
      debian: { ...DEFAULTS.debian, mirrors: { main: away, security: `${away}-security` } },
    })
    await expect(imageRoot(ports, suites, 'amd64')).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(
        /could not be read: .*see that this machine reaches them, or name others/,
      ),
    })
  })
})
