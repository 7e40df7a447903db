// Tests `npm run image` as an operator runs it, as far as possible without a network.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ran, ran } from '../../support/client/program.ts'

const MAIN = join(import.meta.dirname, '../../../client/image/main.ts')
const AWAY = { roots: { mirror: 'http://127.0.0.1:9/debian' } }

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'image-main-'))
  writeFileSync(join(dir, 'away.json'), JSON.stringify(AWAY))
})
afterAll(() => rmSync(dir, { recursive: true }))

/** Runs the command with its own folder, roots and mirrors, apart from this machine's. */
const image = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  ran(process.execPath, [MAIN, ...args], {
    INIT_CWD: dir,
    XDG_CACHE_HOME: join(dir, 'cache'),
    SETTINGS_FILE: join(dir, 'away.json'),
    ...env,
  })
const DRIVER = ['--driver-version', '11.0.0+driver', '--out', 'image']

describe('npm run image', () => {
  test('prints its usage with --help', async () => {
    const { status, stdout } = await image(['--help'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Usage: npm run image -- --driver-version VERSION/)
  })

  test('without a network names the unreachable mirror and the setting for another, and writes nothing', async () => {
    const { status, stderr } = await image(DRIVER)
    expect(stderr).toMatch(/^image: http:\/\/127\.0\.0\.1:9\/.* could not be read: .*roots\.mirror/)
    expect(status).toBe(3)
    expect(existsSync(join(dir, 'image'))).toBe(false)
  })

  test.each([
    [['--driver-version', 'latest'], 1, /there is no driver version "latest" here\. Use one of these/],
    [
      ['--driver-version', '11.0.0'],
      1,
      /no package has the driver version 11\.0\.0\. Did you mean 11\.0\.0\+driver\?/,
    ],
    [['--driver-source', '.', '--driver-version', '1'], 1, /holds no driver sources: .*Name the folder/],
    [[], 2, /name a driver by --driver-version or --driver-source/],
    [[...DRIVER, '--arch', 'riscv64'], 2, /is made for amd64 and arm64, not for riscv64/],
    [[...DRIVER, '--driver-name', 'sysdig'], 2, /--driver-name is falco or scap, not "sysdig"/],
    [
      [...DRIVER, '--registries', 'probes.example.org'],
      2,
      /"probes\.example\.org" is not an http or https URL/,
    ],
    [[...DRIVER, '--key', 'nowhere.asc'], 2, /--key .*nowhere\.asc: ENOENT/],
    [[...DRIVER, '--unknown'], 2, /'--unknown'/],
    [[...DRIVER, 'what'], 2, /"what" is not an option/],
  ] as const)('%j ends with %i and a reason', async (args, status, why) => {
    const said = await image(args)
    expect(said.stderr).toMatch(why)
    expect(said.status).toBe(status)
  })

  test('refuses to put a private key into an image', async () => {
    const armored = (what: string) =>
      `-----BEGIN PGP ${what} KEY BLOCK-----\n\nxsFN\n-----END PGP ${what} KEY BLOCK-----\n`
    writeFileSync(join(dir, 'private.asc'), armored('PUBLIC') + armored('PRIVATE'))
    writeFileSync(join(dir, 'no-key.asc'), 'a key')
    const [secret, none] = [
      await image([...DRIVER, '--key', 'private.asc']),
      await image([...DRIVER, '--key', 'no-key.asc']),
    ]
    expect([secret.status, none.status]).toEqual([2, 2])
    expect(secret.stderr).toMatch(
      /holds a private key, which must not be in an image: .*\/keys\/falco-probes\.asc/,
    )
    expect(none.stderr).toContain('contains no armored OpenPGP public key')
  })

  test('refuses an output folder with other content', async () => {
    mkdirSync(join(dir, 'taken'))
    writeFileSync(join(dir, 'taken/file'), 'mine')
    const { status, stderr } = await image([...DRIVER.slice(0, 2), '--out', 'taken'])
    expect(stderr).toContain('holds something else than an image layout: name another folder by --out')
    expect(status).toBe(2)
    expect(readFileSync(join(dir, 'taken/file'), 'utf8')).toBe('mine')
  })

  test('refuses an invalid SOURCE_DATE_EPOCH', async () => {
    const { status, stderr } = await image(DRIVER, { SOURCE_DATE_EPOCH: 'now' })
    expect(stderr).toContain('SOURCE_DATE_EPOCH=now is not a number of seconds since 1970')
    expect(status).toBe(2)
  })
})
