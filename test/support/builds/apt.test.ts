// Tests the package lists of the tests when the archive has changed or cannot be reached.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const KERNELS = join(import.meta.dirname, '../registry/kernels.ts')
const HOUR = 60 * 60_000

/** The temporary folder of a separate machine. */
let home: string
const cache = () => join(home, 'probe-registry-packages')
const lists = () => readdirSync(cache()).filter((name) => name.startsWith('lists-'))

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'apt-test-'))
  expect(look("pinned('6.1', 'amd64').headers.version")).toMatchObject({ stderr: '', status: 0 })
})
afterAll(() => rmSync(home, { recursive: true }))

/** Evaluates the expression in a test process. Returns the result and the lines that it printed. */
function look(expression: string, env: Readonly<Record<string, string>> = {}) {
  const script = `import { nearest, PINS, pinned } from ${JSON.stringify(KERNELS)}\nconsole.log(${expression})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: home, ...env },
  })
  const lines = stdout.trimEnd().split('\n')
  return { status, stderr, result: lines.at(-1), told: lines.slice(0, -1) }
}

/** Makes the lists so many milliseconds old. */
function age(milliseconds: number): void {
  for (const name of lists()) {
    const read = Number(name.replace(/.*-/, ''))
    renameSync(join(cache(), name), join(cache(), name.replace(/\d+$/, String(read - milliseconds))))
  }
}

/** The same lists with another text in them. */
function edit(from: string, to: string): void {
  for (const name of lists()) {
    const folder = join(cache(), name, 'lists')
    for (const file of readdirSync(folder).filter((one) => one.includes('_Packages'))) {
      const text = execFileSync('/usr/lib/apt/apt-helper', ['cat-file', join(folder, file)], {
        maxBuffer: 1 << 28,
      })
      rmSync(join(folder, file))
      const plain = file.replace(/_Packages.*/, '_Packages')
      writeFileSync(join(folder, plain), text.toString('latin1').replaceAll(from, to), 'latin1')
    }
    rmSync(join(cache(), name, 'pkgcache.bin'), { force: true })
  }
}

const NO_WAY = () => {
  const config = join(home, 'apt.conf')
  writeFileSync(config, 'Acquire::http::Proxy "http://127.0.0.1:9"; Acquire::Retries "0";\n')
  return { APT_CONFIG: config }
}

test('lists are downloaded once, and again when they are seven hours old', () => {
  const before = lists()
  expect(look("pinned('6.1', 'amd64').headers.version").told).toEqual([])
  expect(lists()).toEqual(before)
  age(7 * HOUR)
  look("pinned('6.1', 'amd64').headers.version")
  expect(lists()).toHaveLength(2)
})

test('a missing kernel is replaced by the nearest one, and a line reports it', () => {
  const { result, told } = look("nearest('6.1', 'amd64', '6.1.1-1').headers.version")
  expect(result).toMatch(/^6\.1\./)
  expect(told).toEqual([`archive: kernel 6.1.1-1 (amd64) is not there; taking the nearest, ${result}`])
  const newer = look("nearest('6.1', 'amd64', '6.1.99999-1').headers.version")
  expect(newer.told).toEqual([
    `archive: kernel 6.1.99999-1 (amd64) is not there; taking the nearest, ${newer.result}`,
  ])
})

describe('lists with a version that every mirror has removed', () => {
  test('are downloaded again, and a line reports it', () => {
    const { result: version } = look("pinned('6.1', 'amd64').headers.version")
    edit(version!, '6.1.99999-1')
    const { status, result, told } = look("pinned('6.1', 'amd64').headers.version")
    expect(status).toBe(0)
    expect(result).toBe(version)
    expect(told).toContainEqual(
      expect.stringMatching(
        /^archive: no mirror has linux-\S+ 6\.1\.99999-1.* any more; reading the package lists again$/,
      ),
    )
  })

  test('give the nearest available version if they cannot be downloaded again', () => {
    const { result: version } = look("pinned('6.1', 'amd64').headers.version")
    for (const name of lists().slice(0, -1)) rmSync(join(cache(), name), { recursive: true })
    edit(version!, '6.1.99999-1')
    const { status, result, told } = look("pinned('6.1', 'amd64').headers.version", NO_WAY())
    expect(status).toBe(0)
    expect(result).toMatch(/^6\.1\.(?!99999)/)
    expect(told.at(-1)).toBe(`archive: kernel ${version} (amd64) is not there; taking the nearest, ${result}`)
  })
})

describe('if the archive cannot be reached', () => {
  test('older lists are used, and a line reports it', () => {
    age(7 * HOUR)
    const { status, result, told } = look("pinned('6.1', 'cloud-amd64').headers.version", NO_WAY())
    expect({ status, result }).toEqual({ status: 0, result: expect.stringMatching(/^6\.1\./) })
    expect(told[0]).toMatch(/^archive: the package lists could not be read; those that there are must do: /)
  })

  test("the lists of this machine's apt are used if there are no others", () => {
    for (const name of lists()) rmSync(join(cache(), name), { recursive: true })
    const { status, result } = look("pinned('6.1', 'cloud-amd64').headers.version", NO_WAY())
    expect({ status, result }).toEqual({ status: 0, result: expect.stringMatching(/^6\.1\./) })
    expect(lists()).toEqual([])
  })
})
