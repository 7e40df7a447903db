// Tests the project for an ordinary user of a fresh Debian, who has only Debian's Node and npm, and a clone.

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

/** All systems build this probe. */
let same: Buffer | undefined
const kernel = () => pinned('6.1', 'amd64')

describe.each(SYSTEMS)(
  'a fresh Debian $version with its own Node and npm, or with an added Node 18',
  ({ version, suite }) => {
    const left =
      LONG || version > 12 ? undefined : 'npm run test:long makes this one as well: two minutes more'
    const whyNot = left ?? whyNoDebian()
    // Not console.log: vitest would print the name of the test before each line.
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

    test('has Node 18 or 20, not the Node 24 of the project', async () => {
      expect(await debian.run(['node', '--version'], { seconds: 10 })).toMatch(/^v(18|20)\./)
      expect(await debian.run(['npm', '--version'], { seconds: 10 })).toMatch(/^(9|10)\./)
    })

    test('starts the registry by `npm start` as an ordinary user, installs no package, builds the same bytes as other systems, and the probe passes its load test', async () => {
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

    test('needs no further setup of Node after the first start', async () => {
      expect(await debian.run(['sh', 'local/setup.sh', 'node'], { seconds: 10 })).toBe('')
    })

    // The tests need tools of later releases. Without test:long, only one system runs the parts that are the same on all.
    if (version > 11)
      test('runs a test file by `npm test`, and the last line counts the passed and failed tests', async () => {
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

describe('a Linux without a package manager, with an added Node 18', () => {
  const whyNot = LONG ? whyNoDebian() : 'npm run test:long makes this one: two minutes more'
  const say = (line: string) => void process.stdout.write(`Linux: ${line}\n`)
  if (whyNot !== undefined) {
    say(`left out: ${whyNot}`)
    test.skip(`is left out: ${whyNot}`)
    return
  }

  test('starts the registry by `npm start` as an ordinary user, and the registry builds a probe', async () => {
    const { folder } = await rootFor('machine')
    const other = await freshOther(folder, say)
    onTestFinished(() => other.remove())
    const registry = await timed(say, 'npm start', () => npmStart(other))
    const { release, unameRelease } = kernel()
    const url = registry + probePath(release)
    await timed(say, `GET ${url}`, () => moduleOf(url, unameRelease))
  })
})

/** Starts the registry as the user, with its own port and settings; returns its URL, and stops it at the end of the test. */
async function npmStart(debian: Debian): Promise<string> {
  const PORT = `${await freePort()}`
  // Each system builds for Debian 12's kernels, because each has the compiler that built them.
  // A system without apt has no sources that name a reachable mirror.
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

/** The installed packages of the system. */
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

/** The same probe, built by a registry of another user, on another system, in another folder. */
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
