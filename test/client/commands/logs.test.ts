// Tests `probe-registry logs`: it finds one probe's lines in the logs of all functions, locally and in the cloud.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readHere } from '../../../client/logs/kept-here.ts'
import { linesOfProbe } from '../../../client/logs/of-probe.ts'
import { personsLine, programsLine } from '../../../client/logs/print.ts'
import { LOGS } from '../../../lib/aws/json-api.ts'
import { AwsError } from '../../../local/wire/aws-json.ts'
import { type Input, jsonService, OPERATOR } from '../../support/aws/json-service.ts'
import { ran } from '../../support/client/program.ts'

const PROGRAM = join(import.meta.dirname, '../../../client/probe-registry.js')
const KEY = 'driver/0.20.0+driver/x86_64/scap_debian_6.1.192-2-amd64_1.ko'
const OTHER = KEY.replace('_1.ko', '_2.ko')
const CLAIM = '2f0e0c54-6f5d-4c5e-9d0c-0d8e6f1f9a11'
const NOW = Date.now()

/** An entry as Lambda writes it, so many seconds ago. */
const entry = (seconds: number, requestId: string, message: unknown, level = 'INFO'): string =>
  JSON.stringify({ timestamp: new Date(NOW - seconds * 1000).toISOString(), level, requestId, message })

const PATH = `/${KEY.replace('+', '%2B')}`
/** Terminal control sequences, from a hostile client. */
const HOSTILE = '\u001b[2J\u009b31m'

const DAY = 86_400
/** By function. Lines of the probe have a letter as their mark; lines of others have `-`. */
const WRITTEN: Readonly<Record<string, readonly string[]>> = {
  Plan: [
    entry(90, 'req-plan-0001', { event: 'build started', key: KEY, claim: CLAIM, mark: 'b' }),
    entry(91, 'req-plan-0001', { event: 'list read', suite: 'bookworm', mark: 'a' }),
    entry(80, 'req-plan-0002', { event: 'build started', key: OTHER, claim: 'another-claim', mark: '-' }),
    entry(70, 'req-plan-0003', { event: 'list read', suite: 'bookworm', mark: '-' }),
  ],
  Publish: [
    entry(30, 'req-pub-00001', { event: 'tree kept', claim: CLAIM, mark: 'd' }),
    entry(29, 'req-pub-00002', { event: 'alias', key: OTHER, of: KEY, claim: 'x', mark: 'e' }),
    entry(3 * DAY, 'req-pub-00003', { event: 'published', key: KEY, mark: 'old' }),
    'no JSON, but it names 6.1.192-2-amd64',
  ],
  Sweep: [
    entry(60, 'req-sweep-001', { event: 'overdue', key: KEY, claim: CLAIM, mark: 'c' }),
    entry(59, 'req-sweep-001', { event: 'overdue', key: OTHER, claim: 'another-claim', mark: '-' }),
  ],
  Resolve: [
    entry(20, 'req-res-00001', { event: 'internal error', path: PATH, error: HOSTILE, mark: 'f' }, 'ERROR'),
  ],
}

const marksOf = (printed: string): string =>
  [...printed.matchAll(/"mark":"(.+?)"/g)].map(([, mark]) => mark).join(' ')

describe('the log lines of a local registry', () => {
  function registry(): string {
    const folder = mkdtempSync(join(tmpdir(), 'logs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'logs'))
    const written = (name: string, lines: readonly string[]) =>
      writeFileSync(join(folder, 'logs', name), `${lines.join('\n')}\n`)
    for (const [name, lines] of Object.entries(WRITTEN)) {
      // The older half is in the rotated file.
      written(`ProbeRegistry-${name}0A1B2C3D.log.1`, lines.slice(0, lines.length / 2))
      written(`ProbeRegistry-${name}0A1B2C3D.log`, lines.slice(lines.length / 2))
    }
    return folder
  }
  const linesOf = (folder: string, days: number, key = KEY) =>
    linesOfProbe(readHere(folder, NOW - days * DAY * 1000), key)

  test('are the lines that name the probe, its builds, or come from the same invocations, in time order', async () => {
    const folder = registry()
    const printed = (await linesOf(folder, 1)).map(personsLine).join('\n')
    expect(marksOf(printed)).toBe('a b c d e f')
    expect(printed).toMatch(/^\d{4}-\S+Z Plan {5}list read \{/)
    expect(printed).toMatch(/^\S+ Resolve {2}ERROR internal error \{/m)
    expect(marksOf((await linesOf(folder, 4)).map(personsLine).join('\n'))).toBe('old a b c d e f')
  })

  test('are printed without control characters, and as JSON keep the original text', async () => {
    const lines = await linesOf(registry(), 1)
    const [plain, json] = [lines.map(personsLine), lines.map(programsLine)]
    for (const line of [...plain, ...json]) expect(line).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(json.at(-1)!)).toMatchObject({
      function: 'Resolve',
      entry: { message: { path: PATH, error: HOSTILE } },
    })
  })

  test('are empty for a probe that nobody requested', async () => {
    expect(await linesOf(registry(), 1, KEY.replace('192', '193'))).toEqual([])
  })

  test('cannot be read from a folder without logs', () => {
    expect(() => readHere('/nowhere', NOW)).toThrow('no registry has written logs into /nowhere')
  })

  test('are printed by the command, which also accepts the URL of a probe', async () => {
    const folder = registry()
    const named = `https://probes.example/${KEY.replace('+', '%2B')}`
    const [asked, nobodys, wrong] = await Promise.all(
      [
        ['--data', folder, named],
        ['--data', folder, '--since', '4d', '--json', KEY.replace('192', '193')],
        ['--since', 'yesterday', KEY],
      ].map((args) => ran(PROGRAM, ['logs', ...args])),
    )
    expect([asked?.status, asked?.stderr, marksOf(asked!.stdout)]).toEqual([0, '', 'a b c d e f'])
    expect([nobodys?.status, nobodys?.stderr]).toEqual([1, expect.stringContaining('no line of driver/')])
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringMatching(/is not a time.*\nUsage: /) })
  })
})

describe('the log lines of a deployed registry', () => {
  const groupOf = (name: string): string => `ProbeRegistry-${name}Log0A1B2C3D-aBcDeFgHiJkL`

  /** Answers pages of two events that contain one of the pattern's texts. */
  function filtered({ logGroupName, startTime, filterPattern, nextToken }: Input): object {
    const texts = [...String(filterPattern).matchAll(/\?"([^"]+)"/g)].map(([, text]) => text!)
    expect(texts.map((text) => `?"${text}"`).join(' ')).toBe(filterPattern)
    const lines = Object.entries(WRITTEN).find(([name]) => groupOf(name) === logGroupName)?.[1] ?? []
    const events = lines
      .map((message) => ({
        timestamp: Date.parse(/"timestamp":"(.*?)"/.exec(message)?.[1] ?? '') || NOW,
        message,
      }))
      .filter(
        ({ timestamp, message }) =>
          timestamp >= Number(startTime) && texts.some((one) => message.includes(one)),
      )
    const from = Number(nextToken ?? 0)
    return from + 2 < events.length
      ? { events: events.slice(from, from + 2), nextToken: String(from + 2) }
      : { events: events.slice(from, from + 2) }
  }
  const groups = ({ logGroupNamePrefix, nextToken }: Input): object => {
    const all = [...Object.keys(WRITTEN).map(groupOf), 'Other-Log'].filter((name) =>
      name.startsWith(String(logGroupNamePrefix)),
    )
    const [page, next] =
      nextToken === undefined
        ? [all.slice(0, 1), all.length > 1 ? 'rest' : undefined]
        : [all.slice(1), undefined]
    return { logGroups: page.map((logGroupName) => ({ logGroupName })), nextToken: next }
  }
  const logs = (endpoint: string, ...args: string[]) =>
    ran(PROGRAM, ['logs', ...args], { ...OPERATOR, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoint })

  test('are read from all log groups and all pages', async () => {
    const { endpoint } = await jsonService(LOGS, { DescribeLogGroups: groups, FilterLogEvents: filtered })
    const { status, stdout, stderr } = await logs(endpoint, '--stack', 'ProbeRegistry', `/${KEY}`)
    expect([status, stderr]).toEqual([0, ''])
    expect(marksOf(stdout)).toBe('a b c d e f')
    expect(stdout).toMatch(/^\S+ Sweep {4}overdue/m)
  })

  test('cannot be read without permission or from a missing stack', async () => {
    const refuse = () => {
      throw new AwsError('AccessDeniedException', 'not authorized to perform: logs:FilterLogEvents')
    }
    const { endpoint } = await jsonService(LOGS, { DescribeLogGroups: groups, FilterLogEvents: refuse })
    const [forbidden, none] = await Promise.all(
      ['ProbeRegistry', 'Nothing'].map((stack) => logs(endpoint, '--stack', stack, KEY)),
    )
    expect(forbidden).toMatchObject({ status: 2, stderr: expect.stringContaining('logs:FilterLogEvents') })
    expect(none).toMatchObject({ status: 2, stderr: expect.stringContaining('no logs of a stack Nothing') })
  })
})
