import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/local/assembly.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'local', 'main.ts')

/** Runs main.ts to its end. Returns its exit code and its output. */
async function run(
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ code: number; said: string }> {
  const environment = { PATH: process.env.PATH ?? '', DATA_DIR: temporaryFolder(), PORT: '0', ...env }
  const child = spawn(process.execPath, [MAIN, ...args], { env: environment })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)))
  const [code] = (await once(child, 'close')) as [number]
  return { code, said }
}

describe('npm start prints one line with the reason if it cannot start', () => {
  test('when the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const PORT = String((server.address() as AddressInfo).port)
    const said = `cannot start: port ${PORT} is in use: set PORT to another\n`
    expect(await run({ PORT })).toEqual({ code: 1, said })
  })
  test('when the address for its metrics is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const METRICS = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const said = `cannot start: METRICS=${METRICS} is in use: name another port\n`
    expect(await run({ METRICS })).toEqual({ code: 1, said })
  })
  test('when its settings file is missing, is not JSON, or has an invalid setting', async () => {
    const SETTINGS_FILE = join(temporaryFolder(), 'own.json')
    const refused = async (text?: string) => {
      if (text !== undefined) writeFileSync(SETTINGS_FILE, text)
      return (await run({ SETTINGS_FILE })).said.replace('synthesizing the stack\n', '')
    }
    const named = `cannot start: SETTINGS_FILE=${SETTINGS_FILE}`
    expect(await refused()).toMatch(new RegExp(`^${named} is not a JSON file that can be read: ENOENT.*\n$`))
    expect(await refused('{"hold": ')).toMatch(
      new RegExp(`^${named} is not a JSON file that can be read: .*\n$`),
    )
    expect(await refused('[]')).toMatch(
      new RegExp(`^${named} is not a JSON object of settings, such as .*\n$`),
    )
    expect(await refused('{"hold": {"hopSecond": 3}}')).toBe(
      `${named}: hold.hopSecond: is not a setting. hold has: hopSeconds, totalSeconds, pollSeconds, waitsPerCaller, waitsPerNetwork, othersPerCaller, othersPerNetwork\n`,
    )
    expect(await refused('{"hold": {"hopSeconds": 300}}')).toBe(
      `${named}: hold.hopSeconds: Too big: expected number to be <=28 (the default is 22)\n`,
    )
  })
  test('when it gets an unknown option', async () => {
    for (const arg of ['--help', '--strict=', '--strict=a b'])
      expect((await run({}, [arg])).said).toMatch(
        new RegExp(
          `^cannot start: ${arg} is not an option\\. Options are --quiet .* --json .* --strict .*\n$`,
        ),
      )
  })
  test('when an environment variable has an invalid value', async () => {
    expect(await run({ PORT: 'x' })).toEqual({
      code: 1,
      said: 'cannot start: PORT=x is not a port from 0 to 65535\n',
    })
    expect(await run({ STRICT_PACE: '0' }, ['--strict'])).toEqual({
      code: 1,
      said: 'cannot start: STRICT_PACE=0 must be above 0 and at most 1\n',
    })
    for (const METRICS of ['9090', '127.0.0.1:99999', '::1:9090'])
      expect(await run({ METRICS })).toEqual({
        code: 1,
        said: `cannot start: METRICS=${METRICS} is not of the form 127.0.0.1:9090\n`,
      })
    expect((await run({ PORT: '9090', METRICS: '127.0.0.1:9090' })).said).toBe(
      'cannot start: METRICS=127.0.0.1:9090 has the port of the registry itself: name another\n',
    )
    expect((await run({ PUBLIC_URL: 'ftp://x' })).said).toMatch(/^cannot start: PUBLIC_URL=ftp:\/\/x is not/)
  })
})
