import { describe, expect, test } from 'vitest'
import { type PackageAnswerPorts, packageAnswer } from '../../../lib/packages/answer.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, DRIVER_VERSION, KEY } from '../../support/world.ts'

const DIGEST = 'a'.repeat(64)
const DIST = `/apt/dists/${DRIVER_VERSION}`

async function world() {
  const made = createWorld({ probe: probeBytes() })
  await made.get()
  await made.deliver()
  const { memory, publishPorts } = made
  const ports = {
    index: memory.index,
    pointers: memory.pointers,
    artifacts: memory.presigner.artifacts,
    settings: publishPorts.settings,
  }
  const ask = (path: string, method = 'GET', more: Partial<PackageAnswerPorts> = {}) =>
    packageAnswer({ ...ports, ...more }, { method, path })
  const objectOf = async (path: string) => {
    const answer = await ask(path)
    const object = answer.tag === 'redirect' ? new URL(answer.location).pathname.slice(1) : ''
    return memory.inside.objects.artifacts.get(object)
  }
  const list = Buffer.from((await objectOf(`${DIST}/debian-6.1/binary-amd64/Packages`))!.body).toString()
  const [, deb = ''] = /^Filename: (.*)$/m.exec(list) ?? []
  return { ...made, ports, ask, objectOf, list, deb: `/apt/${deb}` }
}

const refusal = (code: string) => expect.objectContaining({ code })

describe('a package manager', () => {
  test('is redirected to the files of the suite, to a list by its digest, and to a package', async () => {
    const { objectOf, list, deb } = await world()
    expect(Buffer.from((await objectOf(`${DIST}/InRelease`))!.body).toString()).toContain('Suite: ')
    const [, digest] = / ([0-9a-f]{64}) \d+ debian-6\.1\/binary-amd64\/Packages\n/.exec(
      ` ${Buffer.from((await objectOf(`${DIST}/Release`))!.body)
        .toString()
        .replaceAll('\n ', '\n  ')}`,
    )!
    const byHash = await objectOf(`${DIST}/debian-6.1/binary-amd64/by-hash/SHA256/${digest}`)
    expect(Buffer.from(byHash!.body).toString()).toBe(list)
    expect(Buffer.from((await objectOf(deb))!.body.subarray(0, 7)).toString()).toBe('!<arch>')
  })

  test('may write a plus as %2b or as %2B', async () => {
    const { objectOf } = await world()
    for (const plus of ['%2b', '%2B', '+'])
      expect(await objectOf(`${DIST.replaceAll('+', plus)}/Release`)).toBeDefined()
  })

  test('costs one read and no write', async () => {
    const { ask, deb, calls, ports } = await world()
    const reads: string[] = []
    const noted =
      <T>(read: (id: string) => Promise<T>) =>
      (id: string) => {
        reads.push(id)
        return read(id)
      }
    const counted = {
      index: { get: noted(ports.index.get) },
      pointers: { read: noted(ports.pointers.read) },
    }
    calls.length = 0
    for (const path of [`${DIST}/InRelease`, deb]) await ask(path, 'GET', counted)
    expect(reads).toEqual([`apt/${DRIVER_VERSION}`, KEY])
    expect(calls).toEqual([])
  })

  test('that asks with HEAD is redirected to a URL for HEAD', async () => {
    const { ask } = await world()
    expect(await ask(`${DIST}/InRelease`, 'HEAD')).toMatchObject({
      location: expect.stringContaining('method=HEAD'),
    })
  })

  test('gets not-found for a missing file, and a malformed path reads no state of a probe', async () => {
    const { ask, ports } = await world()
    const none = { index: { get: () => Promise.reject(new Error('read')) } }
    for (const path of [
      '/apt/',
      '/apt/dists',
      DIST,
      `${DIST}/`,
      `${DIST}/nothing`,
      `${DIST}/debian-6.1/binary-amd64/by-hash/MD5Sum/${DIGEST}`,
      `${DIST}/debian-6.1/binary-amd64/by-hash/SHA256/${'A'.repeat(64)}`,
      '/apt/dists/none/InRelease',
      '/apt/pool/x.deb',
      `/apt/pool/${DIGEST}/x.deb`,
      `/apt/pool/${KEY}/x.deb`,
      `/apt/pool/${KEY}/${DIGEST}/x.ko`,
    ])
      await expect(ask(path, 'GET', none), path).rejects.toEqual(refusal('not-found'))
    const other = KEY.replace('6.1.1-1', '6.1.9-1')
    await expect(ask(`/apt/pool/${other}/${DIGEST}/x.deb`)).rejects.toEqual(refusal('not-found'))
    const alias = KEY.replace('_debian_', '_raspbian_')
    await expect(ask(`/apt/pool/${alias}/${DIGEST}/x.deb`)).rejects.toEqual(refusal('not-found'))
    await expect(ask(`${DIST}/../x`)).rejects.toEqual(refusal('malformed'))
    await expect(ask(`${DIST}/InRelease`, 'POST')).rejects.toEqual(refusal('method-not-allowed'))
    expect(ports.settings.revoked).toEqual([])
  })

  test('gets no package of a withdrawn probe, and none of a revoked driver version', async () => {
    const { ask, deb, memory, state, ports } = await world()
    const revoked = { settings: { ...ports.settings, revoked: [DRIVER_VERSION] } }
    await expect(ask(deb, 'GET', revoked)).rejects.toEqual(refusal('revoked'))
    memory.inside.states.set(KEY, { ...state()!, withdrawn: { reason: 'it panics', at: 1 } } as never)
    await expect(ask(deb)).rejects.toEqual(refusal('withdrawn'))
  })
})
