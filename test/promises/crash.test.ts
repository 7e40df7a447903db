import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import type { ProbeState } from '../../lib/model/probe.ts'
import type { Settings } from '../../lib/model/settings.ts'
import { configBytes } from '../support/kconfig/vectors.ts'
import { probeBytes } from '../support/probe.ts'
import { submissionOf } from '../support/submissions.ts'
import { createWorld, DRIVER_VERSION, type Fault, PATH } from '../support/world.ts'

const probe = probeBytes()
const HOUR = 3_600_000

const [first] = DEFAULTS.drivers
const SUBMITTED = {
  drivers: [{ ...first!, match: '.*', names: ['falco' as const] }],
  submitted: [DRIVER_VERSION],
}
const CONFIG = createHash('sha256')
  .update(gunzipSync(configBytes('debian_6.1.0-56-amd64')))
  .digest('hex')
const MD5 = createHash('md5')
  .update(gunzipSync(configBytes('debian_6.1.0-56-amd64')))
  .digest('hex')
const SUBMITTED_KEY = PATH.replace('/driver', `config/${CONFIG}`).replace('6.1.1-1-amd64', '6.1.0-1-amd64')

/** The Packages list that contains the probe. */
async function listed({ memory }: ReturnType<typeof createWorld>): Promise<string | undefined> {
  const shown = await memory.pointers.read(`apt/${DRIVER_VERSION}`)
  const list = shown?.files['debian-6.1/binary-amd64/Packages']
  const object = list && memory.inside.objects.artifacts.get(`apt/by-hash/${list.sha256}`)
  return object && Buffer.from(object.body).toString()
}

/** The tags of its images, and whether the object that its own tag names exists. */
async function imaged({ memory }: ReturnType<typeof createWorld>) {
  const name = `modules/falco/${DRIVER_VERSION.replace('+', '_')}`
  const [list, tagged] = await Promise.all([
    memory.pointers.read(`oci/${name}`),
    memory.imageItems.tagged(`${name}:debian_6.1.1-1-amd64_1`),
  ])
  const bodyOf = (sha256 = '') => memory.inside.objects.artifacts.get(`oci/by-hash/${sha256}`)?.body
  const tags = Buffer.from(bodyOf(list?.files.tags?.sha256) ?? '').toString()
  return { tags, isThere: bodyOf(tagged?.digest?.slice('sha256:'.length)) !== undefined }
}

const isTested = (state: ProbeState | undefined): boolean =>
  state?.state === 'published' && state.loadTest !== undefined

/** The complete run from a first GET to the probe, with the steps that are needed after a crash. */
async function run(fault: Fault, settings: Partial<Settings> = {}) {
  const world = createWorld({ probe, verdict: 'passed', settings })
  world.onCall(fault)
  await world.get().catch(() => undefined)
  await world.deliver()
  const unharmed = world.calls.length
  // The crash is over. Deadlines pass, the sweep runs, and hosts ask again.
  world.onCall(() => undefined)
  for (let round = 0; round < 4 && !isTested(world.state()); round += 1) {
    world.pass(HOUR)
    await world.sweep()
    await world.deliver()
    await world.get()
    await world.deliver()
  }
  return { world, unharmed }
}

/** The same for a host that submits its kernel. */
async function runSubmission(fault: Fault) {
  const world = createWorld({ probe, settings: SUBMITTED })
  const submit = () => world.submit(submissionOf()).catch(() => undefined)
  world.onCall(fault)
  await submit()
  await world.deliver()
  const unharmed = world.calls.length
  world.onCall(() => undefined)
  for (let round = 0; round < 4 && world.state(SUBMITTED_KEY)?.state !== 'published'; round += 1) {
    world.pass(HOUR)
    await world.sweep()
    await world.deliver()
    await submit()
    await world.deliver()
  }
  return { world, unharmed }
}

/** Fails the n-th call of the run and its repetitions, `times` times in total. */
function failing(nth: number, when: 'before' | 'after', times: number): Fault {
  let count = 0
  let name: string | undefined
  let left = times
  return (call, moment) => {
    if (moment === 'before') count += 1
    if (count === nth && moment === 'before') name = call
    if (call === name && moment === when && left > 0) {
      left -= 1
      throw new Error(`${call} failed ${when === 'after' ? 'after it was done' : 'before it was done'}`)
    }
  }
}

/** Every call of a run, failing before or after it was done, once or until its event is dropped. */
const faultsIn = (calls: readonly string[]) =>
  calls.flatMap((call, i) =>
    (['before', 'after'] as const).flatMap((when) =>
      [1, 3].map((times) => [call, when, times, i + 1] as const),
    ),
  )

describe('no state is lost on a crash', async () => {
  const { world, unharmed } = await run(() => undefined)
  const calls = world.calls.slice(0, unharmed)
  const end = world.state()

  test('a run without a crash publishes the probe, with more than twenty calls', () => {
    expect(end).toMatchObject({ state: 'published', attempt: 1 })
    expect(calls.length).toBeGreaterThan(20)
  })

  const table = faultsIn(calls)
  test.each(table)(
    '%s failed %s it was done, %i times: the end is the same (call %i)',
    async (_, when, times, nth) => {
      const { world: after } = await run(failing(nth, when, times))
      const state = after.state()
      expect(state).toMatchObject({ state: 'published', loadTest: { verdict: 'passed' } })
      if (state?.state !== 'published' || end?.state !== 'published') throw new Error('not published')
      expect(state.sha256).toBe(end.sha256)
      expect(state.objectKey).toBe(end.objectKey)
      for (const suffix of ['', '.asc', '.sha256', '.log']) {
        expect(after.memory.inside.objects.artifacts.has(state.objectKey + suffix), suffix).toBe(true)
      }
      // A dropped event waits for an operator.
      if (times > 1) return
      expect(await listed(after)).toContain(`${state.objectKey.split('/')[3]}/`)
      expect(await imaged(after)).toEqual({ tags: 'debian_6.1.1-1-amd64_1\n', isThere: true })
    },
  )

  test('events that are delivered twice change nothing', async () => {
    const twice = createWorld({ probe, verdict: 'passed' })
    await twice.get()
    await twice.deliver(2)
    expect(twice.state()).toMatchObject({ state: 'published', attempt: 1 })
    expect(twice.memory.inside.builds.map(({ order }) => order.phase)).toEqual(['build', 'load-test'])
  })
})

/** Two probes share one place: the second waits for its turn, and takes it from the load test of the first. */
async function runQueue(fault: Fault) {
  const world = createWorld({
    probe,
    verdict: 'passed',
    settings: { build: { ...DEFAULTS.build, atOnce: 1 } },
  })
  const keys = [PATH, SECOND].map((path) => path.slice(1))
  const ask = async () => {
    for (const path of [PATH, SECOND]) await world.get(path).catch(() => undefined)
  }
  world.onCall(fault)
  await ask()
  await world.deliver()
  const unharmed = world.calls.length
  world.onCall(() => undefined)
  for (let round = 0; round < 8 && !keys.every((key) => isTested(world.state(key))); round += 1) {
    world.pass(HOUR / 4)
    await world.sweep()
    await world.deliver()
    await ask()
    await world.deliver()
  }
  return { world, unharmed, states: keys.map((key) => world.state(key)) }
}

const SECOND = PATH.replace('6.1.1-1', '6.1.2-1')

describe('no turn is lost on a crash', async () => {
  const { world, unharmed, states } = await runQueue(() => undefined)
  const table = faultsIn(world.calls.slice(0, unharmed))
  const both = { state: 'published', loadTest: { verdict: 'passed' } }

  test('a run without a crash builds and tests both probes, with a queue', () => {
    expect(states).toMatchObject([both, both])
    expect(world.calls).toContain('index.queued')
  })

  test.each(table)(
    '%s failed %s it was done, %i times: both are built and tested (call %i)',
    async (_, when, times, nth) => {
      const after = await runQueue(failing(nth, when, times))
      expect(after.states).toMatchObject([both, both])
    },
  )
})

describe('no submission is lost on a crash', async () => {
  const { world, unharmed } = await runSubmission(() => undefined)
  const calls = world.calls.slice(0, unharmed)

  test('a run without a crash publishes the probe and keeps the tree, with more than thirty calls', () => {
    expect(world.state(SUBMITTED_KEY)).toMatchObject({ state: 'published', attempt: 1 })
    expect(world.state()).toBeUndefined()
    expect(
      [...world.memory.inside.objects.inputs.keys()].filter((key) => key.startsWith('trees/')),
    ).toHaveLength(1)
    expect(calls.length).toBeGreaterThan(30)
  })

  const table = faultsIn(calls)
  test.each(table)(
    '%s failed %s it was done, %i times: the end is the same (call %i)',
    async (_, when, times, nth) => {
      const { world: after } = await runSubmission(failing(nth, when, times))
      const state = after.state(SUBMITTED_KEY)
      expect(state?.state).toBe('published')
      expect(after.state()).toBeUndefined()
      expect((await after.memory.kernels.recorded(`md5/${MD5}/x86_64/6.1.0-1-amd64`))?.config).toBe(CONFIG)
    },
  )
})

describe('no state is lost on a crash if the load test is required', async () => {
  const required = { loadTest: { ...DEFAULTS.loadTest, mode: 'required' as const } }
  const { world, unharmed } = await run(() => undefined, required)
  const calls = world.calls.slice(0, unharmed)
  const table = faultsIn(calls)
  test.each(table)(
    '%s failed %s it was done, %i times: the end is the same (call %i)',
    async (_, when, times, nth) => {
      const { world: after } = await run(failing(nth, when, times), required)
      expect(after.state()).toMatchObject({ state: 'published', loadTest: { verdict: 'passed' } })
    },
  )
})
