// What an ordinary user has who comes with a fresh Debian: its own Node, its own npm, nothing else, and a clone.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { aptOptions } from '../../local/start/apt-sources.ts'
import { rootFor } from '../support/builds/roots.ts'
import { LONG } from '../support/long.ts'
import { debianSuites, mainMirror } from '../support/mirrors.ts'
import { pinned } from '../support/registry/kernels.ts'
import { probePath } from '../support/registry/probes.ts'
import { ask, curl, freePort, scratch, sh, startRegistry } from '../support/registry/registry.ts'
import { type Debian, freshDebian, freshOther, timed, whyNoDebian } from '../support/systems/debian.ts'
import type { Running } from '../support/systems/inside.ts'

const SYSTEMS = [
  { version: 13, suite: 'trixie' },
  { version: 12, suite: 'bookworm' },
  { version: 11, suite: 'bullseye' },
] as const
const MINUTES = 60_000

/** The probe that all of them build. */
let same: Buffer | undefined
const kernel = () => pinned('6.1', 'amd64')

describe.each(SYSTEMS)(
  'a fresh Debian $version with its own Node and npm, or with a Node 18 brought along',
  ({ version, suite }) => {
    const left =
      LONG || version > 12 ? undefined : 'npm run test:long makes this one as well: two minutes more'
    const whyNot = left ?? whyNoDebian()
    // Not console.log: before each line, vitest would say whose it is.
    const say = (line: string) => void process.stdout.write(`Debian ${version}: ${line}\n`)
    if (whyNot !== undefined) {
      say(`left out: ${whyNot}`)
      test.skip(`is left out: ${whyNot}`)
      return
    }
    let debian: Debian
    beforeAll(async () => {
      debian = await freshDebian(suite, say)
    }, 9 * MINUTES)
    afterAll(() => debian?.remove())

    test("has no Node 24 of its own: what follows runs on the project's", async () => {
      expect(await debian.run(['node', '--version'], { seconds: 10 })).toMatch(/^v(18|20)\./)
      expect(await debian.run(['npm', '--version'], { seconds: 10 })).toMatch(/^(9|10)\./)
    })

    test('starts the registry by `npm start` as an ordinary user, without a package of the system, which builds the same bytes as any other, and has their kernel load them', async () => {
      const before = await packagesOf(debian)
      const registry = await timed(say, 'npm start', () => npmStart(debian))
      const { release, unameRelease } = kernel()
      const url = registry + probePath(release)
      const bytes = await timed(say, `GET ${url}`, () => moduleOf(url, unameRelease))
      await timed(say, 'its load test', () => expectLoaded(`${url}.json`))
      expect(await packagesOf(debian)).toBe(before)
      same ??= await timed(say, 'the same of this machine', () => builtHere(url, unameRelease))
      expect(same.equals(bytes)).toBe(true)
    })

    test('needs nothing more when it starts again', async () => {
      expect(await debian.run(['sh', 'local/setup.sh', 'node'], { seconds: 10 })).toBe('')
    })

    // The tests' tools are those of later releases. In the short form one system runs what does not differ between them.
    if (version > 11)
      test('runs a test file by `npm test`, and its last line says how it went', async () => {
        const command = ['npm', 'test', '--', 'test/lib/names/names.test.ts']
        const said = await timed(say, command.join(' '), () =>
          debian.run(command, { seconds: 300, root: true }),
        )
        expect(said.trimEnd().split('\n').at(-1)).toMatch(/^\d{2,} passed, 0 failed$/)
        expect(await debian.run(['sh', 'local/setup.sh', 'test'], { seconds: 10, root: true })).toBe('')
      })

    test.each([
      ['npm run check', /No fixes applied/],
      ['npm run synth', /^> .*cdk synth/m],
      [
        'npx --no-install probe-registry name /driver/1/x86_64/falco_rhel_5.14.0_1.ko',
        /canonical: .*falco_redhat_5/,
      ],
    ])('runs `%s`', async (line, expected) => {
      expect(await timed(say, line, () => debian.run(line.split(' '), { seconds: 120 }))).toMatch(expected)
    })
  },
)

describe('a Linux without a package manager, with a Node 18 brought along', () => {
  const whyNot = LONG ? whyNoDebian() : 'npm run test:long makes this one: two minutes more'
  const say = (line: string) => void process.stdout.write(`Linux: ${line}\n`)
  if (whyNot !== undefined) {
    say(`left out: ${whyNot}`)
    test.skip(`is left out: ${whyNot}`)
    return
  }

  test('starts the registry by `npm start` as an ordinary user, which builds a probe', async () => {
    const { folder } = await rootFor('machine')
    const other = await freshOther(folder, say)
    onTestFinished(() => other.remove())
    const registry = await timed(say, 'npm start', () => npmStart(other))
    const { release, unameRelease } = kernel()
    const url = registry + probePath(release)
    await timed(say, `GET ${url}`, () => moduleOf(url, unameRelease))
  })
})

/** As its user does, with a port and settings of theirs; gives its URL, and stops it when the test is over. */
async function npmStart(debian: Debian): Promise<string> {
  const PORT = `${await freePort()}`
  // Debian 12's kernels on either system: both have the compiler that built them.
  // A system without apt has no sources to say which mirror can be reached from here.
  const archive = { mirror: mainMirror(), ...aptOptions() }
  const settings = { debian: { suites: debianSuites() }, roots: archive, driverPackages: archive }
  debian.write('settings.json', JSON.stringify(settings))
  const env = { PORT, DATA_DIR: debian.dataDir, SETTINGS_FILE: '../settings.json' }
  const running = debian.start(['npm', 'start'], { env, seconds: 480 })
  onTestFinished(async () => {
    running.interrupt()
    await running.ended
  })
  return readyUrl(running)
}

/** What the system has of its own. */
const packagesOf = (debian: Debian): Promise<string> => debian.run(['dpkg-query', '--show'], { seconds: 10 })

async function readyUrl(running: Running): Promise<string> {
  const over = running.ended.then((status) => {
    throw new Error(`npm start ended with ${status}:\n${running.output()}`)
  })
  for (;;) {
    await Promise.race([over, setTimeout(100)])
    const [, url] = /^ready (http:\S+)$/m.exec(running.output()) ?? []
    if (url !== undefined) return url
  }
}

async function moduleOf(url: string, unameRelease: string): Promise<Buffer> {
  const { dir, remove } = await scratch()
  onTestFinished(remove)
  const got = await curl(['-fsSLo', 'probe.ko', '--max-time', '60', '--retry', '3', url], dir)
  expect(got, (await ask(`${url}.log`, '-L')).body).toMatchObject({ code: 0 })
  expect(await sh('modinfo', ['-F', 'vermagic', join(dir, 'probe.ko')])).toMatch(`${unameRelease} SMP `)
  return readFile(join(dir, 'probe.ko'))
}

/** By a registry of another user, on another system, in another folder. */
async function builtHere(url: string, unameRelease: string): Promise<Buffer> {
  const { dir, remove } = await scratch()
  onTestFinished(remove)
  const registry = await startRegistry({ dataDir: join(dir, 'data') })
  onTestFinished(async () => void (await registry.stop()))
  return moduleOf(`${registry.url}${new URL(url).pathname}`, unameRelease)
}

async function expectLoaded(url: string): Promise<void> {
  const verdict = async () => JSON.parse((await ask(url)).body).loadTest?.verdict as string | undefined
  await expect.poll(verdict, { timeout: 2 * MINUTES, interval: 1000 }).toBe('passed')
}
