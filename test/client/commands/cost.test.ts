// Tests `probe-registry cost`: it adds up the costs of the template's resources under the given settings.

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

describe('the output', () => {
  test('has three sums, each of the lines below it, and the date and the region of the prices', () => {
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

  test('is JSON with --json, and follows the given settings and assumptions', () => {
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
  ])('is only the usage, on stderr, if the command line is wrong: %s %s', (...args) => {
    expect(cost(...args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('Usage: ') })
  })
})

describe('a sum', () => {
  test('of hits grows with their duration, rounded up to the next millisecond', () => {
    const of = (hitMilliseconds: number) => sumOf(hits(BASE_DEFAULTS, { ...ASSUMED, hitMilliseconds }))
    expect(of(10.2)).toBe(of(11))
    // 100 ms of half a GB more, a million times.
    expect(of(110) - of(10)).toBeCloseTo(0.1 * 0.5 * 13.3334, 4)
  })

  test('of hits includes the requests of a distribution, twice if it serves the bytes, which then have its price', () => {
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

  test('of a build includes a load test only if the settings require one', () => {
    const of = (mode: 'off' | 'required') =>
      sumOf(build({ ...BASE_DEFAULTS, loadTest: { mode, maxSeconds: 61 } }, ASSUMED))
    expect(of('required') - of('off')).toBeCloseTo(0.02, 9)
  })
})

test('an idle month includes each replica of the secret', () => {
  const { cloud } = BASE_DEFAULTS
  const secretReplicas = [{ region: 'eu-west-1' }, { region: 'eu-west-2' }]
  const copied = { cloud: { ...cloud, deployment: { ...cloud.deployment, secretReplicas } } }
  expect(sumOf(idleMonth(copied)) - sumOf(idleMonth(BASE_DEFAULTS))).toBeCloseTo(0.8, 9)
})

describe('a canary', () => {
  const canary = { probe: '/driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko', everyMinutes: 5 }
  const cloud = { ...BASE_DEFAULTS.cloud, canary }
  const costs = (own: typeof cloud) => sumOf(idleMonth({ cloud: own })) - sumOf(idleMonth(BASE_DEFAULTS))

  test('costs nothing if no probe is named', () => {
    expect(costs({ ...cloud, canary: { everyMinutes: 5 } as typeof canary })).toBe(0)
  })

  test('costs more than $0.70 a month, and more the more often it runs', () => {
    expect(costs(cloud)).toBeGreaterThan(0.7)
    expect(costs({ ...cloud, canary: { ...canary, everyMinutes: 3 } })).toBeGreaterThan(costs(cloud))
  })

  test('has the memory and the metrics that the estimate assumes', () => {
    const { template } = synthesis({ cloud: { canary } }, true)
    const { MemorySize } = resourcesOf(template, 'AWS::Lambda::Function').get('Canary')!.Properties
    const metrics = Object.keys(METRICS).filter((name) => name.startsWith('Canary')).length
    const { alarmMetrics: ofAlarm, megabytes, metrics: told } = STACK.canary
    expect([MemorySize, metrics]).toEqual([megabytes, told])
    const without = synthesis(undefined, true).template
    expect(alarmMetrics(template) - alarmMetrics(without)).toBe(ofAlarm)
  })
})

describe('the stack', () => {
  const { template } = synthesis(undefined, true)

  test('has the memory that the estimate assumes', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function')
    const megabytes = Object.keys(STACK.megabytes).map((name) => {
      const id = `${name[0]!.toUpperCase()}${name.slice(1)}`
      return [name, functions.get(id)?.Properties.MemorySize]
    })
    expect(Object.fromEntries(megabytes)).toEqual(STACK.megabytes)
  })

  test('has the alarms, secrets and dashboards that an idle month assumes', () => {
    expect(STACK.idle.alarmMetrics).toBe(Math.ceil(alarmMetrics(template) / 10) * 10)
    expect(STACK.idle.secrets).toBe(resourcesOf(template, 'AWS::SecretsManager::Secret').size)
    expect(STACK.idle.dashboards).toBe(resourcesOf(template, 'AWS::CloudWatch::Dashboard').size)
    expect(sumOf(idleMonth(BASE_DEFAULTS))).toBeGreaterThan(STACK.idle.alarmMetrics * 0.1)
  })
})

/** An alarm has one metric, or several in an expression. */
function alarmMetrics(template: Template): number {
  const alarms = [...resourcesOf(template, 'AWS::CloudWatch::Alarm').values()]
  return alarms
    .map(({ Properties: { Metrics } }) =>
      Array.isArray(Metrics) ? Metrics.filter((one) => 'MetricStat' in one).length : 1,
    )
    .reduce((a, b) => a + b)
}
