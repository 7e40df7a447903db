// Tests the loader's next step: the name that the registry returned, a submission, the next registry, or an error.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RawFacts } from '../../lib/clients/facts.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { SHELLS, type Shell, write } from '../support/client/host.ts'
import {
  bytes,
  CONFIG_REPOSITORY,
  FOLLOW,
  json,
  problem,
  submitted,
  view,
} from '../support/client/loopback.ts'
import { ASKED, expectRefused, type Scene, scene, signingKey } from '../support/client/scene.ts'
import { RAW } from '../support/hosts.ts'

const CONFIG = '# Linux 6.1.21 Kernel Configuration\nCONFIG_X=y\n'

/** No earlier client can parse their releases. */
const ODD: readonly [string, RawFacts, string, string][] = [
  [
    'Raspberry Pi OS',
    {
      machine: 'aarch64',
      osRelease: RAW.debian.osRelease,
      release: '6.1.21-v8+',
      version: '#1642 SMP PREEMPT Mon Apr 3 17:24:16 BST 2023',
    },
    'falco_debian_6.1.21-v8+_1642.ko',
    'falco_vanilla_6.1.21-v8+_1642.ko',
  ],
  [
    'Void',
    { machine: 'x86_64', osRelease: 'ID=void\n', release: '6.1.192_1', version: '#1 SMP PREEMPT_DYNAMIC' },
    'falco_void_6.1.192_1_1.ko',
    'falco_vanilla_6.1.192_1_1.ko',
  ],
]

const posts = ({ registry }: Scene) => registry.asked.filter(({ method }) => method === 'POST').length
const gets = ({ registry }: Scene) =>
  registry.asked.filter(({ method }) => method === 'GET').map(({ url }) => url)
const procVersion = ({ host }: Scene) => readFileSync(join(host.dir, 'root/proc/version'), 'utf8').trimEnd()
const ownParts = (at: Scene) => ({ config: sha256(CONFIG), procVersion: sha256(procVersion(at)) })

/** Makes the registry build a submission under the name `file`. It has no probe by the host's own name. */
async function namedBy(at: Scene, file: string, machine = 'x86_64'): Promise<string> {
  const url = `${CONFIG_REPOSITORY}/9.1.0+driver/${machine}/${file}`
  const asked = url.replace('9.1.0+', '9.1.0%2B')
  at.registry.on('/v1/probes', submitted(view('building', { url })))
  at.registry.on(FOLLOW, json(view('published', { url })))
  await at.publish(asked, await signingKey(), at.statementAt(asked, ownParts(at)))
  return asked
}

const shells = Object.keys(SHELLS) as Shell[]

describe.each(ODD)('on %s', (_, raw, own, server) => {
  const odd = () => scene({ raw, files: { [`boot/config-${raw.release}`]: CONFIG } })

  test.each(shells)(
    'by %s the registry chooses the name, and the file is put where Falco looks for it',
    async (shell) => {
      const at = await odd()
      const asked = await namedBy(at, server, raw.machine)
      const ran = await at.load([], {}, shell)
      expect(ran.status, ran.stderr).toBe(0)
      expect(gets(at)).toEqual([
        `/driver/9.1.0%2Bdriver/${raw.machine}/${own}`,
        expect.stringContaining(FOLLOW),
        asked,
        `${asked}.sha256`,
        `${asked}.asc`,
      ])
      const place = `.falco/9.1.0+driver/${raw.machine}/${own}`
      expect(at.host.left()).toEqual([place, `${place}.asc`, `${place}.sha256`, `${place}.url`])
      expect(at.calls()).toBe(`insmod ${join(at.host.dir, 'home', place)}\n`)
    },
  )

  test.each(shells)(
    'by %s the next run finds it, and only requests its checksum, to see that it is still served',
    async (shell) => {
      const at = await odd()
      await namedBy(at, server, raw.machine)
      await at.load([], {}, shell)
      const before = at.registry.asked.length
      expect(await at.load([], {}, shell)).toMatchObject({
        status: 0,
        stderr: '',
        stdout: expect.stringContaining('already in place'),
      })
      expect(at.registry.asked.slice(before)).toMatchObject([
        { method: 'GET', url: expect.stringMatching(/\.sha256$/) },
      ])
      expect(await at.load(['--clean'], {}, shell)).toMatchObject({ status: 0 })
      expect(at.host.left()).toEqual([])
    },
  )
})

describe('a name from the registry', () => {
  const [[, raw, own, server]] = ODD as [(typeof ODD)[number]]
  const odd = () => scene({ raw, files: { [`boot/config-${raw.release}`]: CONFIG } })
  const place = `.falco/9.1.0+driver/aarch64/${own}`

  test.each([
    ['of another machine', '/9.1.0+driver/x86_64/falco_vanilla_6.1.21_1.ko'],
    ['of another driver version', '/9.0.0+driver/aarch64/falco_vanilla_6.1.21_1.ko'],
    ['of another driver', '/9.1.0+driver/aarch64/scap_vanilla_6.1.21_1.ko'],
    ['of the other kind', '/9.1.0+driver/aarch64/falco_vanilla_6.1.21_1.o'],
    ['with two dots', '/9.1.0+driver/aarch64/falco_vanilla_6..1.21_1.ko'],
    ['with a folder too many', '/x/9.1.0+driver/aarch64/falco_vanilla_6.1.21_1.ko'],
    ['with a query', '/9.1.0+driver/aarch64/falco_vanilla_6.1.21_1.ko?x'],
    ['with a variable', '/9.1.0+driver/aarch64/falco_$HOME_6.1.21_1.ko'],
    ['without a file', '/9.1.0+driver/aarch64/'],
  ])('%s is not requested', async (_, path) => {
    const at = await odd()
    at.registry.on('/v1/probes', submitted(view('published', { url: CONFIG_REPOSITORY + path })))
    expectRefused(at, await at.load(['--compile']), 2, /does not say where falco_debian_6\.1\.21-v8\+_1642/)
    expect(gets(at)).toEqual([])
  })

  test.each(['http://evil.example', '//evil.example', '/config/short', ''])(
    'at %j is not requested',
    async (origin) => {
      const at = await odd()
      const url = `${origin}/9.1.0+driver/aarch64/falco_vanilla_6.1.21_1.ko`
      at.registry.on('/v1/probes', json({ probes: [view('published', { url })] }))
      expectRefused(at, await at.load(['--compile']), 2, /does not say where/)
      expect(gets(at)).toEqual([])
    },
  )

  test('among the distribution’s own probes is accepted only if this host computes the same name', async () => {
    const at = await odd()
    const url = '/driver/9.1.0+driver/aarch64/falco_ubuntu-raspi_6.1.21-v8+_1642.ko'
    at.registry.on('/v1/probes', submitted(view('published', { url })))
    // Its signature is good, and its `uname -r` is the same.
    await at.publish(url.replace('+', '%2B'))
    const ran = await at.load(['--compile'])
    expectRefused(at, ran, 3, /takes this kernel for a distribution's own, falco_ubuntu-raspi/)
    expect(gets(at)).toEqual([])
  })

  test('must match the name in the statement', async () => {
    const at = await odd()
    const asked = await namedBy(at, server, raw.machine)
    const another = asked.replace('_vanilla_', '_arch_')
    await at.publish(asked, await signingKey(), at.statementAt(another, ownParts(at)))
    expectRefused(at, await at.load(), 3, /is signed as another probe, so it is not kept/)
  })

  test('does not make a probe good that was built from another config', async () => {
    const at = await odd()
    const asked = await namedBy(at, server, raw.machine)
    const parts = { ...ownParts(at), config: sha256('another') }
    await at.publish(asked, await signingKey(), at.statementAt(asked, parts))
    expectRefused(at, await at.load(), 6, /is signed as another probe[\s\S]*This looks like an attack/)
  })

  test.each([
    ['is another', '/config/x/9.1.0+driver/aarch64/falco_vanilla_1_1.ko\n'],
    ['is of another name', `${CONFIG_REPOSITORY}/9.1.0+driver/aarch64/falco_arch_6.1.21-v8+_1642.ko\n`],
    ['is empty', ''],
  ])('that %s when the loader reads it again is not trusted', async (_, text) => {
    const at = await odd()
    await namedBy(at, server, raw.machine)
    await at.load()
    write(join(at.host.dir, 'home'), { [`${place}.url`]: text })
    const ran = await at.load()
    expect(ran.stdout).not.toContain('already in place')
    expect(ran.status).toBe(0)
    expect(posts(at)).toBe(2)
  })

  test('that is lost leads to a new submission', async () => {
    const at = await odd()
    await namedBy(at, server, raw.machine)
    await at.load()
    rmSync(join(at.host.dir, 'home', `${place}.url`))
    expect(await at.load()).toMatchObject({ status: 0 })
    expect(posts(at)).toBe(2)
    expect(existsSync(join(at.host.dir, 'home', `${place}.url`))).toBe(true)
  })
})

/** Its `uname -v` names a version that stable's kernel also has. */
const BACKPORTS: RawFacts = {
  machine: 'x86_64',
  osRelease: RAW.debian.osRelease,
  release: '6.1.0-0.deb11.56-amd64',
  version: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2~bpo11+1 (2026-10-20)',
}
const AS_STABLE = (at: Scene) =>
  at
    .statementAt(ASKED)
    .map((part) => (part.startsWith('!uname-release=') ? '!uname-release=6.1.0-56-amd64' : part))

describe('a good probe for another kernel', () => {
  const FILES = { [`boot/config-${BACKPORTS.release}`]: CONFIG }

  test.each(shells)('by %s leads to a submission of the config', async (shell) => {
    const at = await scene({ raw: BACKPORTS, files: FILES })
    await at.publish(ASKED, await signingKey(), AS_STABLE(at))
    await namedBy(at, 'falco_debian_6.1.192-2-amd64_1.ko')
    const ran = await at.load([], {}, shell)
    expect(ran.status, ran.stderr).toBe(0)
    expect(ran.stderr).toContain('uname-release=6.1.0-56-amd64\n')
    expect(ran.stderr).toContain('for another kernel than this one (6.1.0-0.deb11.56-amd64)')
    expect(at.calls()).toMatch(/^insmod /)
  })

  test('leads to the next registry if there is no config to submit', async () => {
    const at = await scene({ raw: BACKPORTS })
    await at.publish(ASKED, await signingKey(), AS_STABLE(at))
    await at.publish(`/second${ASKED}`, await signingKey(), at.statementAt(ASKED))
    const ran = await at.load([], {
      DRIVERS_REPO: `${at.registry.url}/driver;${at.registry.url}/second/driver`,
    })
    expect(ran.status, ran.stderr).toBe(0)
    expect(ran.stderr).toContain('for another kernel than this one')
  })

  test('leads to no submission with --download', async () => {
    const at = await scene({ raw: BACKPORTS, files: FILES })
    await at.publish(ASKED, await signingKey(), AS_STABLE(at))
    expectRefused(at, await at.load(['--download']), 3, /for another kernel than this one/)
    expect(posts(at)).toBe(0)
  })

  test('that is already installed is not used with --compile: the config is submitted', async () => {
    const at = await scene({ files: { 'boot/config-6.1.0-56-amd64': CONFIG } })
    await at.publish()
    await at.load()
    await namedBy(at, 'falco_debian_6.1.192-2-amd64_1.ko')
    expect(await at.load(['--compile'])).toMatchObject({ status: 0 })
    expect(posts(at)).toBe(1)
  })
})

describe('a possible attack', () => {
  test.each([
    ['a probe that is not what its checksum says', '', bytes('\x7fELF of another')],
    ['a probe whose signature is held back', '.asc', problem(404, 'not-found', 'no')],
    ['a probe without a checksum', '.sha256', problem(404, 'not-found', 'no')],
  ])('leads to no submission: %s', async (_, beside, handler) => {
    const at = await scene({ files: { 'boot/config-6.1.0-56-amd64': CONFIG } })
    await at.publish()
    at.registry.on(ASKED + beside, handler)
    expectRefused(at, await at.load(), 6, /not kept[\s\S]*(attack|holds the signature back)/)
    expect(posts(at)).toBe(0)
  })

  test('is not reported if the registry is busy when the loader requests the signature', async () => {
    const at = await scene()
    await at.publish()
    at.registry.on(`${ASKED}.asc`, problem(503, 'busy', 'come back', { 'retry-after': '999' }))
    expectRefused(at, await at.load(), 8, /\.ko\.asc: HTTP 503: come back/)
  })
})

test('an unknown driver version is reported in the registry’s words, and no config is sent', async () => {
  const at = await scene({ files: { 'boot/config-6.1.0-56-amd64': CONFIG } })
  at.registry.on(
    ASKED.replace('9.1.0%2Bdriver', '7.3.0'),
    problem(404, 'unknown-driver-version', 'no driver version 7.3.0: did you mean 7.3.0+driver?'),
  )
  const ran = await at.load([], { DRIVER_VERSION: '7.3.0' })
  expectRefused(at, ran, 3, /HTTP 404: no driver version 7\.3\.0: did you mean 7\.3\.0\+driver\?/)
  expect(posts(at)).toBe(0)
})
