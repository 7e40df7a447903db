// Tests requests to the service that keeps old packages of an archive, and the limits of these requests.

import { describe, expect, test } from 'vitest'
import { boundedFetch, snapshotService } from '../../../../lib/archives/apt/snapshot.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import type { Fetch } from '../../../../lib/model/ports.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const now = () => NOW
const BASE = 'https://snapshot.example'

/** A service with these answers by path; it answers 404 for all other paths. */
function service(answers: Readonly<Record<string, unknown>>) {
  const fetch: Fetch = async (url) => {
    const answer = answers[url.slice(BASE.length)]
    if (answer === undefined) throw new ProbeError('not-found', `${url} answers 404`)
    return new TextEncoder().encode(JSON.stringify(answer))
  }
  return snapshotService({ fetch, now }, BASE)
}

describe('the snapshot service', () => {
  test('accepts versions with `+`, `:` and `~`', async () => {
    const { binariesOf, versionsOf, sightingsOf } = service({
      '/mr/package/linux/4.19.118-2%2Bdeb10u1~bpo9%2B1/binpackages': {
        result: [{ name: 'linux-headers-4.19.0-0.bpo.9-amd64', version: '4.19.118-2+deb10u1~bpo9+1' }],
      },
      '/mr/binary/linux-headers-6.12.9%2Bdeb13-amd64/': {
        result: [{ name: 'linux-headers-6.12.9+deb13-amd64', binary_version: '6.12.9-1', source: 'linux' }],
      },
      '/mr/binary/a/1%3A2-3/binfiles?fileinfo=1': {
        result: [],
        fileinfo: {
          '0': [
            { name: 'a_2-3_amd64.deb', archive_name: 'debian', first_seen: '20230610T040506Z' },
            { name: 'a_2-3_arm64.deb', archive_name: 'debian', first_seen: '20230611T040506Z' },
          ],
        },
      },
    })
    const version = '4.19.118-2+deb10u1~bpo9+1'
    expect(await binariesOf('linux', version)).toEqual([
      { name: 'linux-headers-4.19.0-0.bpo.9-amd64', version },
    ])
    expect(await versionsOf('linux-headers-6.12.9+deb13-amd64')).toEqual([
      { name: 'linux-headers-6.12.9+deb13-amd64', version: '6.12.9-1' },
    ])
    expect(await sightingsOf({ name: 'a', version: '1:2-3' }, 'amd64')).toEqual([
      { archive: 'debian', firstSeen: Date.UTC(2023, 5, 10, 4, 5, 6) },
    ])
  })

  test('returns empty lists for unknown packages', async () => {
    const { binariesOf, versionsOf, sightingsOf } = service({})
    expect(await binariesOf('linux', '1')).toEqual([])
    expect(await versionsOf('a')).toEqual([])
    expect(await sightingsOf({ name: 'a', version: '1' }, 'amd64')).toEqual([])
  })

  test('is asked only below its own path, whatever the version contains', async () => {
    const asked: string[] = []
    const fetch: Fetch = async (url) => {
      asked.push(new URL(url).pathname)
      throw new ProbeError('not-found', url)
    }
    const { binariesOf } = snapshotService({ fetch, now }, BASE)
    for (const version of ['../../x', '?x', '#x', '%2e%2e/x', '/x']) await binariesOf('linux', version)
    expect(
      asked.every((path) => /^\/mr\/package\/linux\/[^/]+\/binpackages$/.test(path)),
      `${asked}`,
    ).toBe(true)
  })

  test('has a mirror of a suite for the second at which it was seen', () => {
    expect(
      service({}).suiteAt('debian-security', 'bookworm-security', Date.UTC(2023, 5, 10, 4, 5, 6, 789)),
    ).toEqual({
      mirror: `${BASE}/archive/debian-security/20230610T040506Z`,
      suite: 'bookworm-security',
      ofThePast: true,
    })
  })
})

describe('the limit on requests for one kernel', () => {
  const ten: Fetch = async () => new Uint8Array(10)
  const bounds = { requests: 3, bytes: 100, milliseconds: 50 }

  test('applies to their number', async () => {
    const fetch = boundedFetch(ten, now, bounds)
    for (let i = 0; i < 3; i += 1) await fetch('a', { maxBytes: 10 })
    await expect(fetch('a', { maxBytes: 10 })).rejects.toMatchObject({ code: 'headers-not-found' })
  })

  test('applies to the bytes', async () => {
    const fetch = boundedFetch(ten, now, { ...bounds, requests: 100 })
    await expect(fetch('a', { maxBytes: 101 })).rejects.toMatchObject({ code: 'headers-not-found' })
    for (let i = 0; i < 10; i += 1) await fetch('a', { maxBytes: 10 })
    await expect(fetch('a', { maxBytes: 1 })).rejects.toMatchObject({ code: 'headers-not-found' })
  })

  test('applies to the time, even if the service never answers', async () => {
    const fetch = boundedFetch(() => new Promise(() => undefined), Date.now, bounds)
    const late = { code: 'mirror-unreachable', message: expect.stringContaining('0.05 seconds were over') }
    await expect(fetch('a', { maxBytes: 10 })).rejects.toMatchObject(late)
    await expect(fetch('a', { maxBytes: 10 })).rejects.toMatchObject(late)
  })
})
