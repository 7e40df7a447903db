import { createHash } from 'node:crypto'
import { gunzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { submissionAnswer } from '../../../lib/api/schemas.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { ProbeError } from '../../../lib/model/errors.ts'
import { configBytes } from '../../support/kconfig/vectors.ts'
import { KHEADERS, packed } from '../../support/kheaders.ts'
import { probeBytes } from '../../support/probe.ts'
import { submissionOf } from '../../support/submissions.ts'
import { createWorld, DRIVER_VERSION } from '../../support/world.ts'

const [first] = DEFAULTS.drivers
const settings = {
  drivers: [{ ...first!, match: '.*', names: ['falco' as const] }],
  submitted: [DRIVER_VERSION],
}
const world = (more: Partial<typeof DEFAULTS> = {}) =>
  createWorld({ probe: probeBytes(), settings: { ...settings, ...more } })

const FILE = 'x86_64/falco_debian_6.1.0-1-amd64_1.ko'
const NAME = `${DRIVER_VERSION}/${FILE}`

const text = gunzipSync(configBytes('debian_6.1.0-56-amd64'))
const SHA256 = createHash('sha256').update(text).digest('hex')
const MD5 = createHash('md5').update(text).digest('hex')
const TALOS = {
  release: '6.1.54-talos',
  version: '#1 SMP Thu Sep 21 09:27:36 UTC 2023',
  osRelease: 'ID=talos\nVERSION_ID=v1.5.3\n',
}
const talos = (force = false) =>
  submissionOf(TALOS, { config: configBytes('talos_6.1.54-talos_1_v1.5.3'), force })

const statementsIn = ({ memory }: ReturnType<typeof world>): string =>
  [...memory.inside.objects.artifacts]
    .filter(([key]) => key.endsWith('.asc'))
    .map(([, { body }]) => Buffer.from(body).toString())
    .join('\n')
const away = (): never => {
  throw new ProbeError('mirror-unreachable', 'the mirror is away')
}

const stored = ({ memory }: ReturnType<typeof world>) => [...memory.inside.objects.inputs.keys()]
const writes = ({ calls }: ReturnType<typeof world>) =>
  calls.filter((call) => /^(index\.claim|inputs\.create|kernels\.record$|bus)/.test(call))

describe('a submission', () => {
  test('gets its own probe, under the config’s sha256 and the name that its loader requests', async () => {
    const here = world()
    const answer = submissionAnswer.parse(await here.submit(submissionOf()))
    expect(answer.repository).toBe(`/config/${SHA256}`)
    expect(answer.config).toMatchObject({ sha256: SHA256, md5: MD5 })
    const [probe] = answer.probes
    expect(probe).toMatchObject({
      state: 'building',
      config: SHA256,
      url: `/config/${SHA256}/${NAME}`,
    })
    await here.deliver()
    expect(await here.get(probe!.url)).toMatchObject({ tag: 'redirect' })
    expect(here.state()).toBeUndefined()
    expect((await here.submit(submissionOf())).probes[0]).toMatchObject({ state: 'published' })
  })

  test('is stored once and built once, even if it is repeated, compressed or plain', async () => {
    const here = world()
    await here.submit(submissionOf())
    const before = [stored(here).length, writes(here).length]
    await here.submit(submissionOf())
    await here.submit(submissionOf({}, { config: text }))
    expect([stored(here).length, writes(here).length]).toEqual(before)
    await here.deliver()
    expect(here.memory.inside.builds).toHaveLength(1)
  })

  test('gets an answer that lists the options that no build sees', async () => {
    const answer = await world().submit(submissionOf())
    expect(answer.config.neutralized).toContainEqual({
      option: 'MODPROBE_PATH',
      was: expect.any(String),
      now: '',
    })
  })

  test('with a damaged config gets the list of ignored lines, and the digest of the unchanged text', async () => {
    const damaged = `\xef\xbb\xbf${text.toString('latin1')}CONFIG_HZ=250 # mine\nbare\n`
    const bytes = Buffer.from(damaged, 'latin1')
    const answer = submissionAnswer.parse(
      await world().submit(submissionOf({}, { config: zstdCompressSync(bytes) })),
    )
    expect(answer.config.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    const lines = damaged.split('\n').length
    expect(answer.config.ignored.map(({ line, text }) => [line, text])).toEqual([
      [lines - 2, 'CONFIG_HZ=250 # mine'],
      [lines - 1, 'bare'],
    ])
    expect(answer.config.ignoredLines).toBe(2)
  })

  test('with odd optional facts is accepted as a vanilla kernel, and the answer lists the ignored facts', async () => {
    const answer = submissionAnswer.parse(
      await world().submit(
        submissionOf({ osRelease: 'ID=$(id)\n', etcVersion: 'a\nb' }, { procVersion: 'Darwin' }),
      ),
    )
    expect(answer.ignored.map(({ field }) => field)).toEqual(['os-release', 'etc-version', 'proc-version'])
    for (const { why } of answer.ignored) expect(why).toMatch(/^it[s ][\x20-\x7e]+$/)
    expect(answer.kernel).toMatchObject({ target: 'vanilla', kernelRelease: '6.1.0-1-amd64' })
    expect(answer.compiler.from).toBe('config')
    expect((await world().submit(submissionOf())).ignored).toEqual([])
  })

  test('with the same config and other facts gets its own repository', async () => {
    const here = world()
    const mine = await here.submit(submissionOf())
    const other = await here.submit(submissionOf({}, { procVersion: 'Linux version 6.1.0-1-amd64 (gcc-11)' }))
    const symvers = Buffer.from('0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\t\n')
    const third = await here.submit(submissionOf({}, { symvers }))
    const repositories = [mine, other, third].map(({ repository }) => repository)
    expect(new Set(repositories).size).toBe(3)
    expect((await here.submit(submissionOf())).repository).toBe(mine.repository)
    expect((await here.submit(submissionOf({}, { symvers }))).repository).toBe(third.repository)
    // Their md5 stands for the first one.
    await here.get(`/stable/sysdig-probe-binaries/falco-probe-1-x86_64-6.1.0-1-amd64-${MD5}.ko`)
    await here.deliver()
    expect(
      here.memory.inside.states.get(`config-hash/falco-probe-1-x86_64-6.1.0-1-amd64-${MD5}.ko`),
    ).toMatchObject({
      state: 'alias',
      of: `config/${SHA256}/1/${FILE}`,
    })
  })

  test('of a kernel with a known compile failure gets the reason and no build, unless it is forced', async () => {
    const config = Buffer.from(text.toString('latin1').replaceAll('6.1.192', '6.12.1'), 'latin1')
    const asked = { config, driverVersions: ['7.2.0+driver', '7.2.1+driver'] }
    const release = { release: '6.12.0-1-amd64' }
    const here = createWorld({ probe: probeBytes() })
    const { probes } = submissionAnswer.parse(await here.submit(submissionOf(release, asked)))
    expect(probes).toMatchObject([
      {
        state: 'failed',
        reason: 'known-to-fail',
        detail: expect.stringContaining('7.2.1+driver or a newer'),
      },
      { state: 'building' },
    ])
    await expect(here.get(probes[0]!.url)).rejects.toMatchObject({ code: 'known-to-fail' })
    const forced = submissionAnswer.parse(await here.submit(submissionOf(release, { ...asked, force: true })))
    expect(forced.probes.map(({ state }) => state)).toEqual(['building', 'building'])
  })

  test.each([
    ['6.1.0-1-amd64', {}, ['0.23.2']],
    ['3.2.0-4-amd64', {}, ['0.20.0']],
    ['6.1.0-1-amd64', { driverName: 'falco' as const }, ['11.0.0+driver']],
    ['6.1.0-1-amd64', { driverName: 'falco' as const, kinds: ['ebpf' as const] }, ['9.1.0+driver']],
  ])('of %s with %j and without a driver version gets %j', async (release, more, versions) => {
    const [, series] = /^(\d+\.\d+)/.exec(release) ?? []
    const config = Buffer.from(text.toString('latin1').replaceAll('6.1.192', `${series}.1`), 'latin1')
    const here = createWorld({ probe: probeBytes() })
    const { probes } = await here.submit(submissionOf({ release }, { config, ...more }))
    expect(probes.map(({ driverVersion }) => driverVersion)).toEqual(versions)
    expect(probes.map(({ state }) => state)).toEqual(['building'])
  })

  test('of a kernel that is too old for every driver gets the oldest supported series', async () => {
    const config = Buffer.from(text.toString('latin1').replaceAll('6.1.192', '2.4.37'), 'latin1')
    const { probes } = await createWorld({ probe: probeBytes() }).submit(
      submissionOf({ release: '2.4.37-mine' }, { config }),
    )
    expect(probes).toMatchObject([
      { reason: 'unsupported-kernel', detail: expect.stringContaining('older than 2.6') },
    ])
  })

  test.each(['6.1.0-1-amd64', '6.1.0-99-amd64'])(
    'of %s gets another repository if its name has the version of the distribution',
    async (release) => {
      const version = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2026-01-01)'
      const { repository, kernel } = await world().submit(submissionOf({ release, version }))
      expect(kernel.kernelRelease).toBe('6.1.1-1-amd64')
      expect(repository).not.toBe(`/config/${SHA256}`)
    },
  )

  test('with headers does not affect a host that submits or requests by its config alone', async () => {
    const here = world()
    const kheaders = packed({ ...KHEADERS, 'include/linux/module.h': '/* anything */' })
    const stranger = await here.submit(submissionOf({}, { kheaders }))
    expect(stranger.repository).toMatch(/^\/config\/[0-9a-f]{64}$/)
    expect(stranger.repository).not.toBe(`/config/${SHA256}`)
    await here.deliver()
    await expect(here.get(`/config/${SHA256}/${NAME}`)).rejects.toMatchObject({
      code: 'unknown-config',
    })
    const old = `/stable/sysdig-probe-binaries/falco-probe-1-x86_64-6.1.0-1-amd64-${MD5}.ko`
    await here.get(old)
    await here.deliver()
    expect(await here.get(old)).toMatchObject({ problem: { status: 404, code: 'headers-not-found' } })
    expect((await here.submit(submissionOf())).repository).toBe(`/config/${SHA256}`)
  })

  test.each([
    ['release', { release: '5.10.0-1-amd64' }],
    ['machine', { machine: 'aarch64', release: '6.1.0-1-arm64' }],
  ])(
    'with facts of two kernels is refused because of its %s, and nothing is stored',
    async (field, facts) => {
      const here = world()
      await expect(here.submit(submissionOf(facts))).rejects.toMatchObject({
        code: 'config-mismatch',
        message: expect.stringMatching(`^${field}: `),
      })
      expect(stored(here)).toEqual([])
      expect(writes(here)).toEqual([])
    },
  )

  test('of a kernel that loads no module of the registry is answered and not built, unless it is forced', async () => {
    const here = world()
    const answer = await here.submit(talos())
    expect(answer.probes[0]).toMatchObject({ state: 'refused', reason: 'cannot-load' })
    expect(answer.verdicts).toContainEqual(
      expect.objectContaining({ option: 'CONFIG_MODULE_SIG_FORCE', blocks: true }),
    )
    await here.get(answer.probes[0]!.url)
    await here.deliver()
    expect(here.memory.inside.builds).toHaveLength(0)
    expect(await here.get(answer.probes[0]!.url)).toMatchObject({
      problem: { status: 404, code: 'cannot-load' },
    })
    const forced = await here.submit(talos(true))
    expect(forced.repository).not.toBe(answer.repository)
    await here.deliver()
    expect(here.memory.inside.builds).toHaveLength(1)
  })

  describe('of a distribution’s patched kernel', () => {
    const config = Buffer.concat([text, Buffer.from('CONFIG_RHEL_DIFFERENCES=y\n')])
    const patched = (force = false) => submissionOf({}, { config, force })

    test('is not built from kernel.org’s source, and its URL names the reason and the next step', async () => {
      const here = world()
      const { probes } = await here.submit(patched())
      await here.deliver()
      expect(here.memory.inside.builds).toHaveLength(0)
      expect(await here.get(probes[0]!.url)).toMatchObject({
        problem: {
          status: 404,
          code: 'cannot-load',
          detail: expect.stringMatching(
            /^this is the config of a patched kernel of Red Hat or a rebuild of it \(CONFIG_RHEL_DIFFERENCES\): .*kernelurls.* By its name: no distribution has that config$/,
          ),
        },
      })
    })

    test('is built from the header packages that it names', async () => {
      const here = world()
      await here.submit({ ...patched(), kernelUrls: ['http://mirror.invalid/kernel-devel-6.1.0-1.rpm'] })
      await here.deliver()
      expect(here.memory.inside.builds).toHaveLength(1)
    })

    test('is built from the headers that it carries in itself', async () => {
      const here = world()
      await here.submit({ ...patched(), kheaders: packed(KHEADERS) })
      await here.deliver()
      expect(here.memory.inside.builds).toHaveLength(1)
    })

    test('is built from a source of the operator, unless the prepared tree loses options of the config', async () => {
      for (const [lost, state] of [
        [[], 'published'],
        [['CONFIG_RHEL_DIFFERENCES y n'], 'failed'],
      ] as const) {
        const here = createWorld({ probe: probeBytes(), settings, ownSources: true, lost })
        const { probes } = await here.submit(patched())
        await here.deliver()
        expect(here.state(probes[0]!.url.slice(1).replace('%2B', '+'))?.state).toBe(state)
      }
    })

    test('is built from its own headers if its distribution has them', async () => {
      const here = createWorld({
        ...{ probe: probeBytes(), verdict: 'passed' as const },
        settings,
        identify: (asked) => ({ ...asked, target: 'rocky', kernelRelease: '6.1.0-1', kernelVersion: '1' }),
      })
      await here.submit(patched())
      await here.deliver()
      expect(here.memory.inside.builds.map(({ order }) => order.phase)).toEqual(['build', 'load-test'])
      expect(here.calls).not.toContain('plan.submitted')
    })

    test('waits for unreachable mirrors that may have its headers', async () => {
      const here = createWorld({ probe: probeBytes(), settings, identify: away })
      const { probes } = await here.submit(patched())
      await here.deliver()
      expect(await here.get(probes[0]!.url)).toMatchObject({
        problem: { status: 503, code: 'mirror-unreachable' },
      })
    })

    test('is built by force, and .json and the signed statement record it', async () => {
      const here = world()
      const { probes } = await here.submit(patched(true))
      await here.deliver()
      const path = probes[0]!.url
      const story = await here.get(`${path}.json`)
      expect(story).toMatchObject({
        body: {
          state: 'published',
          manifest: {
            forced: [
              {
                code: 'patched-kernel',
                option: 'CONFIG_RHEL_DIFFERENCES',
                detail: expect.stringContaining('patched kernel of Red Hat'),
              },
            ],
          },
        },
      })
      expect(statementsIn(here)).toContain(' forced=patched-kernel:CONFIG_RHEL_DIFFERENCES')
    })
  })

  test('on a host of an unsupported distribution waits for no mirror', async () => {
    const here = createWorld({ probe: probeBytes(), settings, identify: away })
    const own = submissionOf(
      { osRelease: 'ID=alpine\n' },
      {
        config: Buffer.from(
          text
            .toString('latin1')
            .replaceAll(
              /^CONFIG_(X86_X32_DISABLED|SECURITY_PERF_EVENTS_RESTRICT|LOCK_DOWN_IN_EFI_SECURE_BOOT)=y$/gm,
              '',
            ),
          'latin1',
        ),
      },
    )
    const { probes } = await here.submit(own)
    await here.deliver()
    expect(await here.get(probes[0]!.url)).toMatchObject({ tag: 'redirect' })
  })

  describe('with options that change in the prepared tree', () => {
    const lost = ['CONFIG_GCC_PLUGIN_STACKLEAK y n', 'CONFIG_NR_CPUS 512 64']
    const detail = expect.stringMatching(
      /2 options of this config.*: CONFIG_GCC_PLUGIN_STACKLEAK \(y, and here n\), CONFIG_NR_CPUS \(512, and here 64\)\. .*kheaders.*modern_bpf.*force=true/,
    )

    test.each([
      ['compiles', { probe: probeBytes() }],
      ['does not compile', { probe: undefined }],
    ])(
      'gets no probe, though it %s, and the answer names the options and the next step',
      async (_, options) => {
        const here = createWorld({ ...options, settings, lost })
        const { probes } = await here.submit(submissionOf())
        await here.deliver()
        expect(await here.get(probes[0]!.url)).toMatchObject({
          problem: { status: 404, code: 'cannot-load', detail },
        })
        expect(statementsIn(here)).toBe('')
        // They change in the cached tree, too.
        here.pass(25 * 3_600_000)
        await here.get(probes[0]!.url)
        await here.deliver()
        expect(await here.get(probes[0]!.url)).toMatchObject({ problem: { code: 'cannot-load' } })
      },
    )

    test('gets its probe by force, and .json and the signed statement name the options', async () => {
      const here = createWorld({ probe: probeBytes(), settings, lost })
      const { probes } = await here.submit(submissionOf({}, { force: true }))
      await here.deliver()
      expect(await here.get(`${probes[0]!.url}.json`)).toMatchObject({
        body: {
          state: 'published',
          manifest: {
            forced: [
              { code: 'lost-options', detail: expect.stringContaining('CONFIG_NR_CPUS (512, and here 64)') },
            ],
          },
        },
      })
      expect(statementsIn(here)).toContain(' forced=lost-options:CONFIG_GCC_PLUGIN_STACKLEAK,CONFIG_NR_CPUS')
    })

    test('gets no probe if its build does not report their values', async () => {
      const here = createWorld({ probe: probeBytes(), settings, lost: ['hostile'] })
      const { probes } = await here.submit(submissionOf())
      await here.deliver()
      expect(here.state(probes[0]!.url.slice(1))).toMatchObject({ state: 'failed', reason: 'build-lost' })
      expect(statementsIn(here)).toBe('')
    })
  })

  test('with a config of another version is built by force, and .json and the signed statement record it', async () => {
    const here = world()
    const config = Buffer.from(text.toString('latin1').replaceAll('6.1.192', '5.10.3'), 'latin1')
    const { probes } = await here.submit(submissionOf({}, { config, force: true }))
    await here.deliver()
    expect(await here.get(`${probes[0]!.url}.json`)).toMatchObject({
      body: {
        manifest: { forced: [{ code: 'release-mismatch', detail: expect.stringContaining('5.10.3') }] },
      },
    })
    expect(statementsIn(here)).toContain(' forced=release-mismatch')
  })

  test('costs its caller a part of a budget, and a known one costs nothing', async () => {
    const here = world({ budgets: { ...DEFAULTS.budgets, requestsPerCallerPerDay: 1 } })
    await here.submit(submissionOf())
    await here.submit(submissionOf())
    await expect(here.submit(submissionOf({ release: '6.1.0-2-amd64' }))).rejects.toMatchObject({
      code: 'budget-spent',
    })
    await here.submit(submissionOf({ release: '6.1.0-2-amd64' }), '203.0.113.2')
  })

  test.each([
    ['an unknown driver version', { driverVersions: ['99'] }, 'unknown-driver-version'],
    [
      'a driver name that the version has not',
      { driverName: 'falco' as const, driverVersions: ['0.23.2'] },
      'unsupported-driver-name',
    ],
    ['what is no config', { config: Buffer.from('hello') }, 'bad-config'],
    ['no gzip', { config: Buffer.from([0x1f, 0x8b, 1, 2, 3]) }, 'bad-config'],
    ['no Module.symvers', { symvers: Buffer.from('#!/bin/sh\n') }, 'bad-field'],
    ['no headers', { kheaders: Buffer.from('hello') }, 'bad-field'],
    ['no package', { kernelUrls: ['http://169.254.169.254/latest'] }, 'bad-field'],
  ])('of %s is refused, and nothing is stored', async (_, more, code) => {
    const here = createWorld({ probe: undefined })
    await expect(here.submit(submissionOf({}, more))).rejects.toMatchObject({ code })
    expect(stored(here)).toEqual([])
    expect(writes(here)).toEqual([])
  })
})

describe('a name of a submitted kernel', () => {
  test('that nobody submitted is refused with the next step, and costs nothing', async () => {
    const here = world()
    await expect(here.get(`/config/${SHA256}/${NAME}`)).rejects.toMatchObject({
      code: 'unknown-config',
      message: expect.stringContaining('/v1/probes'),
    })
    expect(writes(here)).toEqual([])
  })

  test('gets any driver version after the submission, and no probe of another release', async () => {
    const here = world()
    const { repository } = await here.submit(submissionOf())
    expect(await here.get(`${repository}/0.20.0/x86_64/falco_debian_6.1.0-1-amd64_1.ko`)).toMatchObject({
      location: expect.stringContaining('/wait/config/'),
    })
    await expect(
      here.get(`${repository}/0.20.0/x86_64/falco_debian_6.1.0-2-amd64_1.ko`),
    ).rejects.toMatchObject({
      code: 'unknown-config',
    })
  })
})

describe('a submission that has expired', () => {
  const gone = ({ memory }: ReturnType<typeof world>, prefix: string) => {
    const { inputs } = memory.inside.objects
    for (const key of [...inputs.keys()]) if (key.startsWith(prefix)) inputs.delete(key)
  }

  test('gets a request to submit it again, and is built after that', async () => {
    const here = world()
    const [probe] = (await here.submit(submissionOf())).probes
    gone(here, 'submitted/')
    await here.deliver()
    const answer = await here.get(probe!.url)
    expect(answer).toMatchObject({ tag: 'problem', problem: { status: 404, code: 'headers-not-found' } })
    expect(JSON.stringify(answer)).toMatch(/are gone: submit it again\..*curl -F config=/)
    await here.submit(submissionOf())
    here.pass(10_000)
    await here.submit(submissionOf())
    await here.deliver()
    expect(await here.get(probe!.url)).toMatchObject({ tag: 'redirect' })
  })

  test('keeps its published probe', async () => {
    const here = world()
    const [probe] = (await here.submit(submissionOf())).probes
    await here.deliver()
    gone(here, 'submitted/')
    gone(here, 'kernels/')
    expect(await here.get(probe!.url)).toMatchObject({ tag: 'redirect' })
    const missing = here.get(probe!.url.replace(DRIVER_VERSION, `${DRIVER_VERSION}+next`))
    await expect(missing).rejects.toMatchObject({ code: 'unknown-config' })
  })
})
