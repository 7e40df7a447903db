import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import type { ProbeState } from '../../../lib/model/probe.ts'
import { probeOf } from '../../../lib/names/grammar.ts'
import { contentsOf } from '../../../lib/packages/contents.ts'
import { packages, refreshPackages } from '../../../lib/packages/packages.ts'
import { probeBytes } from '../../support/probe.ts'
import { createWorld, DRIVER_VERSION, KEY, type WorldOptions } from '../../support/world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ID = `apt/${DRIVER_VERSION}`
const LIST = 'debian-6.1/binary-amd64/Packages'

type World = ReturnType<typeof createWorld>
type Published = Extract<ProbeState, { state: 'published' }>

async function published(more: Partial<WorldOptions> = {}): Promise<World> {
  const world = createWorld({ probe: probeBytes(), ...more })
  await world.get()
  await world.deliver()
  return world
}

const shown = ({ memory }: World) => memory.pointers.read(ID)

/** The file that the suite shows now under that name; `undefined`: none. */
async function file(world: World, name: string): Promise<string | undefined> {
  const found = (await shown(world))?.files[name]
  const object = found && world.memory.inside.objects.artifacts.get(`apt/by-hash/${found.sha256}`)
  return object && Buffer.from(object.body).toString()
}

const listed = async (world: World): Promise<string[]> =>
  [...((await file(world, LIST)) ?? '').matchAll(/^Package: (.*)$/gm)].map(([, name]) => name!)

const setState = (world: World, more: Partial<Published>): void =>
  void world.memory.inside.states.set(KEY, { ...(world.state() as Published), ...more })

const withdraw = (world: World): void => setState(world, { withdrawn: { reason: 'it panics', at: 1 } })

const tell = (world: World) => packages(world.publishPorts, KEY)

const BOTH = [`falco-probe-${DRIVER_VERSION}-6.1.0-1-amd64`, 'falco-probe-amd64']

describe('a probe', () => {
  test('is in the list of its line of kernels after its publication', async () => {
    expect(await listed(await published())).toEqual(BOTH)
  })

  test('is in signed lists that match their Release file, and its packages exist', async () => {
    const world = await published()
    const files = (await shown(world))!.files
    const release = await file(world, 'Release')
    for (const name of [LIST, `${LIST}.gz`])
      expect(release).toContain(` ${files[name]!.sha256} ${files[name]!.bytes} ${name}\n`)
    expect(await file(world, 'InRelease')).toBe(`signed text\n${release}`)
    const paths = [...(await file(world, LIST))!.matchAll(/^Filename: (.*)$/gm)].map(([, path]) => path)
    for (const path of paths)
      expect([...world.memory.inside.objects.artifacts.keys()]).toContain(`apt/${path}`)
  })

  test('has in its package the same statement as in its signature', async () => {
    const world = await published()
    const publication = world.state() as Published
    const change = { tag: 'published', key: KEY, probe: probeOf(KEY), publication } as const
    const { statement, signature, module } = await contentsOf(world.publishPorts.artifacts, change)
    const signed = Buffer.from(signature).toString().split(' ').slice(3)
    expect(statement).toBe(`${signed.join('\n')}\n`)
    expect(sha256(module)).toBe(publication.sha256)
  })

  test('gets no package if its bytes differ from the published ones', async () => {
    const world = await published()
    const { objectKey } = world.state() as Published
    const { artifacts } = world.memory.inside.objects
    artifacts.set(objectKey, { ...artifacts.get(objectKey)!, body: Buffer.from('other') })
    await expect(tell(world)).rejects.toEqual(expect.objectContaining({ code: 'misconfigured' }))
  })

  test('leaves the lists when it is withdrawn, and returns when the withdrawal ends', async () => {
    const world = await published()
    const before = await file(world, LIST)
    withdraw(world)
    expect(await tell(world)).toBe('gone')
    expect(await listed(world)).toEqual([])
    setState(world, { withdrawn: undefined })
    expect(await tell(world)).toBe('published')
    expect(await file(world, LIST)).toBe(before)
  })

  test('changes no list and needs no signature if its publication is reported again', async () => {
    const world = await published()
    const before = await shown(world)
    world.pass(HOUR)
    world.calls.length = 0
    await tell(world)
    expect(await shown(world)).toEqual(before)
    expect(world.calls).not.toContain('signer.sign')
  })

  test.each(['ebpf', 'of a submitted kernel', 'of a host without apt'])(
    '%s has no package',
    async (which) => {
      const keys: Record<string, string> = {
        ebpf: KEY.replace(/ko$/, 'o'),
        'of a submitted kernel': KEY.replace('driver', `config/${'a'.repeat(64)}`),
        'of a host without apt': KEY.replace('_debian_', '_flatcar_'),
      }
      const world = createWorld({ probe: probeBytes() })
      await packages(world.publishPorts, keys[which]!)
      expect(await shown(world)).toBeUndefined()
      expect(world.calls).not.toContain('signer.sign')
    },
  )

  test('is listed after a second event of its build if the event for its packages was lost', async () => {
    const world = createWorld({ probe: probeBytes() })
    world.lose('PackagesWanted')
    await world.get()
    await world.deliver()
    expect(await listed(world)).toEqual([])
    const again = createWorld({ probe: probeBytes() })
    again.lose('PackagesWanted')
    await again.get()
    await again.deliver(2)
    expect(await listed(again)).toEqual(BOTH)
  })
})

describe('a slow writer of the lists', () => {
  test('does not list a probe that was withdrawn in the meantime', async () => {
    const world = await published()
    withdraw(world)
    await tell(world)
    setState(world, { withdrawn: undefined })
    let isFirst = true
    world.onCall((call, when) => {
      if (call !== 'pointers.move' || when !== 'before' || !isFirst) return
      isFirst = false
      withdraw(world)
    })
    expect(await tell(world)).toBe('gone')
    expect(await listed(world)).toEqual([])
  })

  test('keeps the changes of another writer to the lists of the same driver version', async () => {
    const world = createWorld({ probe: probeBytes() })
    const second = KEY.replace('6.1.1-1', '6.1.2-1')
    for (const key of [KEY, second]) await world.get(`/${key}`)
    await world.deliver()
    const before = await listed(world)
    for (const key of [KEY, second]) {
      const state = world.state(key) as Published
      world.memory.inside.states.set(key, { ...state, withdrawn: { reason: 'x', at: 1 } })
    }
    await Promise.all([KEY, second].map((key) => packages(world.publishPorts, key)))
    expect(before).toHaveLength(4)
    expect(await listed(world)).toEqual([])
  })
})

describe('every hour', () => {
  test('lists of one day of age are signed again without another change, before their Valid-Until', async () => {
    const world = await published()
    const [list, first] = [await file(world, LIST), (await shown(world))!]
    world.pass(23 * HOUR)
    await world.everyHour()
    expect((await shown(world))!.number).toBe(first.number)
    world.pass(HOUR)
    await world.everyHour()
    const second = (await shown(world))!
    expect(second.date - first.date).toBe(DAY)
    expect(await file(world, LIST)).toBe(list)
    const [, until = ''] = /^Valid-Until: (.*)$/m.exec((await file(world, 'Release'))!) ?? []
    expect(Date.parse(until)).toBe(second.date + 7 * DAY)
  })

  test('a revoked driver version loses the packages in its lists, which stay signed', async () => {
    const world = await published()
    const settings = { ...DEFAULTS, revoked: [DRIVER_VERSION] }
    await refreshPackages({ ...world.publishPorts, settings })
    expect(await listed(world)).toEqual([])
    const { number } = (await shown(world))!
    await refreshPackages({ ...world.publishPorts, settings })
    expect((await shown(world))!.number).toBe(number)
    expect(await packages({ ...world.publishPorts, settings }, KEY)).toBe('gone')
    expect((await shown(world))!.number).toBe(number)
  })
})

test('the date of a list never decreases, even if the clock is set back', async () => {
  const world = await published()
  const { date } = (await shown(world))!
  world.pass(-5 * HOUR)
  withdraw(world)
  await tell(world)
  expect((await shown(world))!.date).toBe(date)
})
