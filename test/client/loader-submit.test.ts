import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parseSubmission } from '../../lib/api/body.ts'
import type { RawFacts } from '../../lib/clients/facts.ts'
import { sha256 } from '../../lib/model/digest.ts'
import type { SubmittedParts } from '../../lib/model/kernel.ts'
import { HTTP, SHELLS, type Shell } from '../support/client/host.ts'
import {
  bytes,
  CONFIG_REPOSITORY,
  FOLLOW,
  json,
  problem,
  submitted,
  view,
} from '../support/client/loopback.ts'
import { ASKED, expectRefused, MODULE, type Scene, scene, signingKey } from '../support/client/scene.ts'
import { RAW } from '../support/hosts.ts'

const FILE = 'falco_debian_6.1.55-mine_39.ko'
const NAME = `/9.1.0%2Bdriver/x86_64/${FILE}`
const BY_NAME = `/driver${NAME}`
/** The registry chooses the name, since the kernel is not one of Debian's. */
const NAMED = `/9.1.0%2Bdriver/x86_64/falco_vanilla_6.1.55-mine_39.ko`
const BY_CONFIG = `${CONFIG_REPOSITORY}${NAMED}`
const CONFIG = `# Linux/x86 6.1.55 Kernel Configuration\n${'CONFIG_X=y\n'.repeat(20_000)}CONFIG_Y="\\"é"\n`
const SYMVERS = '0x1234\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n'

const OWN: RawFacts = RAW.debianOwnKernel
const FILES = { 'boot/config-6.1.55-mine': CONFIG }
const VERDICT = { kind: 'kmod', code: 'sig-force', option: 'CONFIG_MODULE_SIG_FORCE', blocks: true }

const own = (options: Parameters<typeof scene>[0] = {}, finished?: Parameters<typeof scene>[1]) =>
  scene({ raw: OWN, files: FILES, ...options }, finished)

const posts = ({ registry }: Scene) => registry.asked.filter(({ method }) => method === 'POST')
const gets = ({ registry }: Scene) =>
  registry.asked.filter(({ method }) => method === 'GET').map(({ url }) => url)

/** Makes the registry know the probe by its config only. */
async function builds(at: Scene, ...views: ReturnType<typeof view>[]) {
  const [first = view('building'), ...later] = views
  at.registry.on(BY_NAME, problem(404, 'unsupported-kernel', 'Debian has no such kernel'))
  at.registry.on('/v1/probes', submitted(first))
  at.registry.on(FOLLOW, ...later.map((one) => json(one)))
  await at.publish(BY_CONFIG, await signingKey(), at.statementAt(BY_CONFIG, sentBy(at)))
}

/** The digests of the host's files, as a statement has them. */
function sentBy({ host }: Scene, config = CONFIG): SubmittedParts {
  const read = (path: string) => readFileSync(join(host.dir, 'root', path), 'utf8')
  const symvers = 'lib/modules/6.1.55-mine/build/Module.symvers'
  return {
    config: sha256(config),
    ...(existsSync(join(host.dir, 'root', symvers)) ? { symvers: sha256(read(symvers)) } : {}),
    procVersion: sha256(read('proc/version').trimEnd()),
  }
}

/** busybox's wget repeats a POST at the target of a redirect, so the loader sends no config with it. */
const POSTING = HTTP.filter((http) => http !== 'busybox wget')
const matrix = (Object.keys(SHELLS) as Shell[]).flatMap((shell) => POSTING.map((http) => ({ shell, http })))

describe.concurrent.each(matrix)('by $shell with $http', ({ shell, http }) => {
  test('the loader submits a kernel without a probe, follows the build, and loads the probe', async ({
    onTestFinished,
  }) => {
    const files = {
      'proc/config.gz': gzipSync(CONFIG),
      'lib/modules/6.1.55-mine/build/Module.symvers': SYMVERS,
    }
    const at = await own({ http, files }, onTestFinished)
    await builds(at, view('building'), view('building'), view('published'))
    const ran = await at.load([], {}, shell)
    expect(ran.stderr).toMatch(/^falco-driver-loader: .* (HTTP 404: Debian has no such kernel|HTTP 404)\n/)
    expect(ran.status).toBe(0)
    expect(ran.stdout).toMatch(
      /\* Submitting .*config\.gz to http.*\n +building, \d+ s\n +building, \d+ s\n +built, \d+ s\n/,
    )
    expect(at.calls()).toMatch(/^insmod /)
    expect(gets(at).filter((url) => url.startsWith(FOLLOW))).toEqual([
      `${FOLLOW}?wait=20`,
      `${FOLLOW}?wait=20`,
    ])
    expect(gets(at).slice(-3)).toEqual([BY_CONFIG, `${BY_CONFIG}.sha256`, `${BY_CONFIG}.asc`])
    expect(await submissions(at)).toEqual([
      {
        config: CONFIG,
        symvers: SYMVERS,
        facts: expect.objectContaining({
          unameRelease: OWN.release,
          unameVersion: OWN.version,
          machine: 'x86_64',
          etcVersion: undefined,
        }),
        id: 'debian',
        procVersion: expect.stringContaining('gcc-12 (Debian 12.2.0-14) 12.2.0'),
        kernelUrls: [],
        kheaders: undefined,
        driverVersions: ['9.1.0+driver'],
        driverName: 'falco',
        kinds: ['kmod'],
        force: false,
      },
    ])
  })
})

/** The submissions, parsed by the registry's own parser. */
const submissions = (at: Scene) =>
  Promise.all(
    posts(at).map(async ({ body, type }) => {
      const { config, symvers, facts, ...more } = await parseSubmission({ contentType: type, bytes: body })
      const text = (content: Uint8Array = new Uint8Array()) => Buffer.from(content).toString()
      return { config: text(config), symvers: text(symvers), facts, id: facts.osRelease?.get('ID'), ...more }
    }),
  )

describe('the config of the kernel', () => {
  test.each([
    'proc/config.gz',
    'boot/config-6.1.55-mine',
    'lib/modules/6.1.55-mine/config',
    'usr/lib/modules/6.1.55-mine/config',
    'usr/lib/ostree-boot/config-6.1.55-mine',
    'usr/lib/ostree/config-6.1.55-mine',
    'boot/ostree/fedora-coreos-c0ffee/config-6.1.55-mine',
    'lib/modules/6.1.55-mine/build/.config',
  ])('is found at %s', async (path) => {
    const files = {
      [path]: path.endsWith('.gz') ? gzipSync(CONFIG) : CONFIG,
      'boot/config-6.1.55': 'another',
    }
    const at = await own({ files })
    await builds(at, view('published'))
    expect(await at.load(['--compile'])).toMatchObject({ status: 0 })
    expect((await submissions(at))[0]?.config).toBe(CONFIG)
  })

  test('of the running kernel is not sent for another release', async () => {
    const at = await own({
      raw: RAW.arch,
      files: { 'proc/config.gz': gzipSync('CONFIG_RUNNING=y\n'), ...FILES },
    })
    await builds(at, view('published'))
    const env = { DRIVER_KERNEL_RELEASE: '6.1.55-mine', DRIVER_KERNEL_VERSION: '#39 SMP' }
    await at.load(['--compile'], env)
    const [sent] = await submissions(at)
    expect(sent).toMatchObject({ config: CONFIG, procVersion: undefined })
  })

  test('that is missing is reported with advice', async () => {
    const at = await own({ files: {}, raw: RAW.arch })
    const env = { DRIVER_KERNEL_RELEASE: '6.1.55-nowhere', DRIVER_KERNEL_VERSION: '#39 SMP' }
    expectRefused(
      at,
      await at.load([], env),
      3,
      /this host has no config of 6\.1\.55-nowhere\.\n +In a container, mount the host's \/proc/,
    )
  })

  test('is not sent with --download, and --compile does not request the name', async () => {
    const at = await own()
    await builds(at, view('published'))
    expectRefused(at, await at.load(['--download']), 3, /Debian has no such kernel/)
    expect(posts(at)).toEqual([])
    expect(await at.load(['--compile'])).toMatchObject({ status: 0 })
    expect(gets(at).filter((url) => url === BY_NAME)).toHaveLength(1)
  })
})

describe('a host', () => {
  test('with only busybox’s wget sends no config, and names the tools to install', async () => {
    const at = await own({ http: 'busybox wget' })
    await builds(at, view('published'))
    expectRefused(
      at,
      await at.load(),
      3,
      /gets no config:\n {2}install curl or GNU wget to have falco_debian_6/,
    )
    expect(posts(at)).toEqual([])
  })

  test('of minikube sends its /etc/VERSION', async () => {
    const at = await scene({ raw: RAW.minikube, files: { 'proc/config.gz': gzipSync(CONFIG) } })
    await at.load(['--compile'])
    const [sent] = await submissions(at)
    expect(sent?.facts).toMatchObject({ etcVersion: 'v1.26.0-1655407986-14197' })
  })

  test('without os-release submits for an ebpf probe without an ID', async () => {
    const at = await scene({ raw: RAW.noOsRelease, files: { 'proc/config.gz': gzipSync(CONFIG) } })
    await at.load(['bpf', '--compile'], { DRIVER_NAME: 'scap' })
    expect((await submissions(at))[0]).toMatchObject({ kinds: ['ebpf'], driverName: 'scap', id: undefined })
  })
})

describe('a build', () => {
  test('that fails is reported with the compiler’s messages and the URL of the log', async () => {
    const at = await own()
    const log = `${CONFIG_REPOSITORY}/9.1.0+driver/x86_64/falco_vanilla_6.1.55-mine_39.ko.log`
    const failed = { reason: 'compile-error', detail: 'main.c:3: error: no member\n1 error', log }
    await builds(at, view('building'), view('failed', failed))
    const ran = await at.load()
    expectRefused(at, ran, 4, /could not be built: main\.c:3: error: no member\n1 error/)
    expect(ran.stderr).toContain(log)
  })

  test('of a module that cannot load is refused with the blocking verdicts on this config', async () => {
    const at = await own()
    const detail = 'MODULE_SIG_FORCE: it refuses "unsigned" modules; use modern_ebpf'
    at.registry.on(
      '/v1/probes',
      submitted(view('refused', { reason: 'cannot-load', detail: 'it could not' }), {
        verdicts: [
          { ...VERDICT, kind: 'ebpf', detail: 'of another kind' },
          { ...VERDICT, blocks: false, detail: 'a remark' },
          { ...VERDICT, detail: 'it could not' },
          { ...VERDICT, detail },
        ],
      }),
    )
    const ran = await at.load()
    expectRefused(at, ran, 5, /is not built for this host: it could not/)
    expect(ran.stderr).toContain(`  ${detail}\n`)
    expect(ran.stderr).not.toMatch(/of another kind|a remark/)
    expect(ran.stderr.match(/it could not/g)).toHaveLength(1)
  })

  test('that the daily build limit prevents ends with 8, for a later retry', async () => {
    const at = await own()
    at.registry.on(
      '/v1/probes',
      submitted(view('not-built', { reason: 'budget-spent', detail: 'try tomorrow' })),
    )
    expectRefused(at, await at.load(), 8, /not being built: try tomorrow/)
  })

  test.each(['mirror-unreachable', 'build-lost', 'plan-error'])(
    'that failed with %s ends with 8, for a later retry, and no other driver is advised',
    async (reason) => {
      const at = await own()
      await builds(at, view('failed', { reason, detail: 'the mirror is away' }))
      const ran = await at.load()
      expectRefused(at, ran, 8, /could not be built now: the mirror is away/)
      expect(ran.stderr).not.toContain('DRIVER_VERSION')
    },
  )

  test('that the registry forgets while the loader follows it leads to a request for the probe', async () => {
    const at = await own()
    await builds(at, view('building'), view('not-built'))
    expect(await at.load(), 'the probe is there').toMatchObject({ status: 0 })
  })

  test('that takes too long ends with 8, and the loader advises to run again', async () => {
    const at = await own()
    await builds(at, view('building'), view('building'))
    expectRefused(
      at,
      await at.load([], { DRIVER_BUILD_SECONDS: '2' }),
      8,
      /still being built after \d+ s; .*run this again/,
    )
  })

  test('is followed further after a 500 from the registry', async () => {
    const at = await own()
    await builds(at, view('building'), view('published'))
    const flaky = [problem(500, 'internal-error', 'a fault', { 'retry-after': '1' }), json(view('published'))]
    at.registry.on(FOLLOW, ...flaky)
    expect(await at.load()).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('a fault; next try in 1 s'),
    })
  })

  test('shows a progress bar on a terminal', async () => {
    const at = await own()
    await builds(at, view('building'), view('building'), view('published'))
    const ran = await at.onTerminal()
    expect(ran).toMatch(/\r {2}\[# {29}\] building, [01] s/)
    expect(ran).toMatch(/building, \d+ s\r\n {2}built, \d+ s\r\n/)
  })
})

describe('an answer to a submission', () => {
  test.each([
    ['an HTML page', bytes('<html>"repository": "/driver"</html>')],
    ['nothing', bytes('')],
    ['a URL elsewhere', submitted(view('published', { url: '/../../evil' }))],
    ['a URL with a host', submitted(view('published', { url: '/@evil.example/driver/x' }))],
    ['a place to follow with a host', submitted(view('building', { follow: '/v1/probes/../../x' }))],
    [
      'a state that is none',
      json({ ...JSON.parse('{}'), repository: '/driver', probes: [{ ...view('dancing') }] }),
    ],
  ])('that is %s is not trusted', async (_, handler) => {
    const at = await own()
    at.registry.on('/v1/probes', handler)
    expectRefused(
      at,
      await at.load(['--compile']),
      2,
      /answered nothing to follow|shows no state of a probe|does not say where/,
    )
    expect(gets(at)).toEqual([])
  })

  test.each([
    [422, 'bad-config', 3],
    [429, 'budget-spent', 8],
    [500, 'internal-error', 2],
    [405, 'method-not-allowed', 3],
  ])('of %i is quoted', async (status, code, exit) => {
    const at = await own()
    at.registry.on('/v1/probes', problem(status, code, 'these are its words'))
    expectRefused(at, await at.load(), exit, /did not take the config: HTTP \d+: these are its words/)
  })

  test('may name the distribution’s own probe, which is then requested', async () => {
    const at = await own()
    at.registry.on('/v1/probes', submitted(view('published', { url: BY_NAME })))
    await at.publish(BY_NAME)
    expect(await at.load(['--compile'])).toMatchObject({ status: 0 })
    expect(gets(at)[0]).toBe(BY_NAME)
  })

  test('is not needed if the probe is found by name', async () => {
    const at = await scene({ files: { 'boot/config-6.1.0-56-amd64': CONFIG } })
    await at.publish(ASKED)
    await at.load()
    expect(posts(at)).toEqual([])
    expect(readFileSync(join(at.host.dir, 'home', at.host.left()[0] ?? ''))).toEqual(MODULE)
  })
})
