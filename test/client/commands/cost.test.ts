// `probe-registry cost`: sums of what the template has and the settings say.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ASSUMED, build, hits, idleMonth, type Section } from '../../../client/cost/cost.ts'
import { STACK } from '../../../client/cost/stack.ts'
import { METRICS } from '../../../lib/model/metrics.ts'
import { BASE_DEFAULTS } from '../../../lib/model/settings.ts'
import { resourcesOf, synthesis, type Template } from '../../support/cdk/template.ts'

const PROGRAM = join(import.meta.dirname, '../../../client/probe-registry.js')

function cost(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['cost', ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

const sumOf = ({ lines }: Section): number => lines.reduce((sum, { dollars }) => sum + dollars, 0)

describe('what is printed', () => {
  test('are three sums, each of the lines below it, with the date and the region of the prices', () => {
    const { status, stdout, stderr } = cost()
    expect([status, stderr]).toEqual([0, ''])
    const sums = [...stdout.matchAll(/^\S.*? \$([\d.]+)\n((?: {2}[^+].*\n)+)/gm)]
    expect(sums).toHaveLength(3)
    for (const [, sum, lines = ''] of sums) {
      const parts = [...lines.matchAll(/\$([\d.]+)$/gm)].map(([, part]) => Number(part))
      expect(parts.length).toBeGreaterThan(3)
      expect(parts.reduce((a, b) => a + b)).toBeCloseTo(Number(sum), 1)
    }
    expect(stdout).toMatch(/^Prices of \d{4}.* in us-east-1, /m)
    expect(stdout).toContain('they change')
    expect(stdout).toMatch(/^ {2}\+ their bytes: .* apart$/m)
  })

  test('is JSON where that is asked for, of the settings and the guesses that are given', () => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'settings.json')
    writeFileSync(
      file,
      JSON.stringify({ cloud: { computeType: 'BUILD_GENERAL1_LARGE' }, loadTest: { mode: 'off' } }),
    )
    const { stdout } = cost('--settings', file, '--build-seconds', '121', '--json')
    const { sections } = JSON.parse(stdout)
    expect(sections[1].lines[0]).toEqual({
      what: 'the build in CodeBuild, begun minutes of BUILD_GENERAL1_LARGE: 3',
      dollars: 0.06,
    })
    expect(JSON.stringify(sections)).not.toContain('load test')
  })

  test.each([
    ['--build-seconds', '-1'],
    ['--hit-milliseconds', '1e3'],
    ['--probe-megabytes', '0'],
    ['--settings', '/nowhere'],
    ['more'],
  ])('is nothing where the command line is wrong: %s %s', (...args) => {
    expect(cost(...args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('Usage: ') })
  })
})

describe('a sum', () => {
  test('of hits grows with their milliseconds, of which each begun one counts', () => {
    const of = (hitMilliseconds: number) => sumOf(hits(BASE_DEFAULTS, { ...ASSUMED, hitMilliseconds }))
    expect(of(10.2)).toBe(of(11))
    // 100 ms of half a GB more, a million times.
    expect(of(110) - of(10)).toBeCloseTo(0.1 * 0.5 * 13.3334, 4)
  })

  test('of hits has the requests of a distribution, twice where it serves the bytes, which are its own then', () => {
    const behind = (edge: object) => {
      const { cloud } = BASE_DEFAULTS
      return hits({ cloud: { ...cloud, edge: { ...cloud.edge, ...edge } } }, ASSUMED)
    }
    const plain = hits(BASE_DEFAULTS, ASSUMED)
    const [before, serving] = [behind({ webAcl: 'a' }), behind({ webAcl: 'a', distribution: 'E' })]
    expect(sumOf(before) - sumOf(plain)).toBeCloseTo(1, 9)
    expect(sumOf(serving) - sumOf(plain)).toBeCloseTo(2.1, 9)
    const bytes = ({ apart }: Section) => apart[0]!.dollars
    expect([bytes(before), bytes(serving)]).toEqual([bytes(plain), 68])
  })

  test('of a build is without a load test where there is none', () => {
    const of = (mode: 'off' | 'required') =>
      sumOf(build({ ...BASE_DEFAULTS, loadTest: { mode, maxSeconds: 61 } }, ASSUMED))
    expect(of('required') - of('off')).toBeCloseTo(0.02, 9)
  })
})

test('an idle month has each copy of the secret in it', () => {
  const { cloud } = BASE_DEFAULTS
  const secretReplicas = [{ region: 'eu-west-1' }, { region: 'eu-west-2' }]
  const copied = { cloud: { ...cloud, deployment: { ...cloud.deployment, secretReplicas } } }
  expect(sumOf(idleMonth(copied)) - sumOf(idleMonth(BASE_DEFAULTS))).toBeCloseTo(0.8, 9)
})

describe('a canary', () => {
  const canary = { probe: '/driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko', everyMinutes: 5 }
  const cloud = { ...BASE_DEFAULTS.cloud, canary }
  const costs = (own: typeof cloud) => sumOf(idleMonth({ cloud: own })) - sumOf(idleMonth(BASE_DEFAULTS))

  test('costs nothing where no probe is named', () => {
    expect(costs({ ...cloud, canary: { everyMinutes: 5 } as typeof canary })).toBe(0)
  })

  test('costs its metrics, its alarm and its runs, the more often the more', () => {
    expect(costs(cloud)).toBeGreaterThan(0.7)
    expect(costs({ ...cloud, canary: { ...canary, everyMinutes: 3 } })).toBeGreaterThan(costs(cloud))
  })

  test('has the memory and the metrics that are paid for', () => {
    const { template } = synthesis({ cloud: { canary } }, true)
    const { MemorySize } = resourcesOf(template, 'AWS::Lambda::Function').get('Canary')!.Properties
    const metrics = Object.keys(METRICS).filter((name) => name.startsWith('Canary')).length
    const { alarmMetrics: ofAlarm, megabytes, metrics: told } = STACK.canary
    expect([MemorySize, metrics]).toEqual([megabytes, told])
    const without = synthesis(undefined, true).template
    expect(alarmMetrics(template) - alarmMetrics(without)).toBe(ofAlarm)
  })
})

describe('what the stack has', () => {
  const { template } = synthesis(undefined, true)

  test('of memory is what is paid for', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function')
    const megabytes = Object.keys(STACK.megabytes).map((name) => {
      const id = `${name[0]!.toUpperCase()}${name.slice(1)}`
      return [name, functions.get(id)?.Properties.MemorySize]
    })
    expect(Object.fromEntries(megabytes)).toEqual(STACK.megabytes)
  })

  test('of alarms, secrets and dashboards is what an idle month is of', () => {
    expect(STACK.idle.alarmMetrics).toBe(Math.ceil(alarmMetrics(template) / 10) * 10)
    expect(STACK.idle.secrets).toBe(resourcesOf(template, 'AWS::SecretsManager::Secret').size)
    expect(STACK.idle.dashboards).toBe(resourcesOf(template, 'AWS::CloudWatch::Dashboard').size)
    expect(sumOf(idleMonth(BASE_DEFAULTS))).toBeGreaterThan(STACK.idle.alarmMetrics * 0.1)
  })
})

/** An alarm has a metric, or several in an expression. */
function alarmMetrics(template: Template): number {
  const alarms = [...resourcesOf(template, 'AWS::CloudWatch::Alarm').values()]
  return alarms
    .map(({ Properties: { Metrics } }) =>
      Array.isArray(Metrics) ? Metrics.filter((one) => 'MetricStat' in one).length : 1,
    )
    .reduce((a, b) => a + b)
}
