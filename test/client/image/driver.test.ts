// Tests which driver an image requests. The checkouts are real ones, made by git.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { driverOf, type Wanted } from '../../../client/image/driver.ts'
import { tagOf } from '../../../client/image/image.ts'
import { readDirectory } from '../../../lib/aws/directory.ts'
import { DEFAULTS, settingsSchema } from '../../../lib/kernels/settings.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { driverFor } from '../../../lib/model/drivers.ts'
import { overlay } from '../../../lib/model/overlay.ts'

const dir = mkdtempSync(join(tmpdir(), 'image-driver-'))
afterAll(() => rmSync(dir, { recursive: true }))

const LIBS = { 'driver/Makefile.in': 'obj-m := a.o\n', 'driver/main.c': 'int a;\n', 'README.md': 'libs\n' }

function folderOf(files: Readonly<Record<string, string>>, below = dir): string {
  const folder = mkdtempSync(join(below, 'sources-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
function git(folder: string, ...args: string[]): string {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'init.defaultBranch=main']
  return execFileSync('git', ['-C', folder, ...who, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()
}
/** A checkout of a branch next to main, as of a pull request, and its commit. */
function checkout(): { folder: string; commit: string } {
  const folder = folderOf(LIBS)
  git(folder, 'init', '--quiet')
  git(folder, 'add', '.')
  git(folder, 'commit', '--quiet', '-m', 'first')
  git(folder, 'checkout', '--quiet', '-b', 'fix/of-a-pull-request')
  writeFileSync(join(folder, 'driver/main.c'), 'int b;\n')
  git(folder, 'commit', '--quiet', '-a', '-m', 'second')
  return { folder, commit: git(folder, 'rev-parse', 'HEAD') }
}

const asked = (wanted: Partial<Wanted>, settings = DEFAULTS) =>
  driverOf(settings, { version: undefined, folder: undefined, name: undefined, ...wanted })

describe('a driver version', () => {
  test('is built under the first driver name, unless another is given', async () => {
    expect(await asked({ version: '11.0.0+driver' })).toEqual({ version: '11.0.0+driver', name: 'falco' })
    expect(await asked({ version: '11.0.0+driver', name: 'scap' })).toMatchObject({ name: 'scap' })
    expect(await asked({ version: '0.23.2' })).toMatchObject({
      name: 'scap',
      hint: 'a registry builds it where its archive has falcosecurity-scap-dkms in the version 0.23.2',
    })
    await expect(asked({ version: '0.23.2', name: 'falco' })).rejects.toThrow(
      'is built as scap, not as falco',
    )
  })

  test('that is unknown is refused with the known versions and a suggestion', async () => {
    await expect(asked({ version: '7.3.0-driver' })).rejects.toMatchObject({
      code: 'unknown-driver-version',
      message: expect.stringMatching(/Did you mean 7\.3\.0\+driver\? Use one of these: 2\.0\.0\+driver/),
    })
  })

  test('may be a commit, even if the local settings do not accept it, and a hint shows what a registry must accept', async () => {
    const commit = '48dfd53cd23f95720521d41b89883bbc35c8567f'
    expect(await asked({ version: commit })).toMatchObject({
      version: commit,
      name: 'falco',
      hint: expect.stringContaining(`or list ${commit}`),
    })
  })

  test('that is an abbreviated commit is refused with the command that prints the full one', async () => {
    await expect(asked({ version: '48dfd53' })).rejects.toThrow('`git rev-parse 48dfd53`')
  })

  test('is required if no folder is given', async () => {
    await expect(asked({})).rejects.toThrow('--driver-version or --driver-source')
  })
})

describe('a folder of driver sources', () => {
  test('that is a checkout of a branch has its commit as version', async () => {
    const { folder, commit } = checkout()
    const source = sha256(await readDirectory(folder))
    const driver = await asked({ folder })
    expect(driver).toMatchObject({ version: commit, name: 'falco', source })
    expect(driver.hint).toContain('Driver versions by commit')
    expect(await asked({ folder, version: commit })).toEqual(driver)
    await expect(asked({ folder, version: 'a'.repeat(40) })).rejects.toThrow(`is a checkout of ${commit}`)
  })

  test('with uncommitted driver changes is refused and the file is named; changes outside the driver are allowed', async () => {
    const { folder, commit } = checkout()
    writeFileSync(join(folder, 'README.md'), 'changed\n')
    expect(await asked({ folder })).toMatchObject({ version: commit })
    writeFileSync(join(folder, 'driver/main.c'), 'int c;\n')
    await expect(asked({ folder })).rejects.toThrow(/differs from its commit .*driver\/main\.c/)
  })

  test('may have its own version, and a hint shows the settings with which a registry builds it', async () => {
    const { folder } = checkout()
    writeFileSync(join(folder, 'driver/main.c'), 'int c;\n')
    const { hint = '', ...driver } = await asked({ folder, version: '11.0.0+mine', name: 'scap' })
    expect(driver).toEqual({
      version: '11.0.0+mine',
      name: 'scap',
      source: sha256(await readDirectory(folder)),
    })
    const settings = settingsSchema.parse(overlay(DEFAULTS, JSON.parse(hint.slice(hint.indexOf('\n')))))
    expect(driverFor(settings, '11.0.0+mine')).toMatchObject({
      names: ['scap'],
      kinds: ['kmod'],
      recipe: 'libs',
      source: { from: 'directory', path: folder },
    })
    expect(() => driverFor(settings, '11x0.0+mine')).toThrow('there is no driver version')
  })

  test('that is not a checkout needs a version, even inside another checkout', async () => {
    const { folder: around } = checkout()
    await expect(asked({ folder: folderOf(LIBS) })).rejects.toThrow(/git cannot tell .*--driver-version/)
    await expect(asked({ folder: folderOf(LIBS, around) })).rejects.toThrow(`but a part of ${around}`)
  })

  test('may be that of a package, with Makefile and sources in one folder', async () => {
    const folder = folderOf({ Makefile: 'all:\n', 'main.c': 'int a;\n', 'bpf/Makefile': 'all:\n' })
    const { hint } = await asked({ folder, version: '0.23.2+mine', name: 'scap' })
    expect(hint).toContain('"kinds":["kmod","ebpf"],"recipe":"makefile"')
  })

  test('that has no sources or does not exist is refused with a hint at the right folder', async () => {
    for (const folder of [folderOf({ 'README.md': 'none' }), join(dir, 'nowhere')])
      await expect(asked({ folder, version: '1.0' })).rejects.toMatchObject({
        code: 'driver-source-not-found',
        message: expect.stringMatching(/holds no driver sources: .*Name the folder that driver\/ is in$/),
      })
  })

  test('is refused with a version that does not fit into a URL', async () => {
    await expect(asked({ folder: folderOf(LIBS), version: 'a/b' })).rejects.toThrow('"a/b" holds more than')
  })
})

test('a tag is a valid image tag', () => {
  const versions = ['11.0.0+driver', '0.1.1dev+git20220316.e5c53d64', '0.20.0~rc1', 'a'.repeat(40)]
  for (const version of versions) expect(tagOf(version)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
  expect(tagOf('11.0.0+driver')).toBe('11.0.0_driver')
})
