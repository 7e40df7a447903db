// Tests `probe-registry quotas` against a fake of AWS's Service Quotas: it compares an account's quotas with the settings.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { QUOTAS } from '../../../lib/aws/json-api.ts'
import { jsonService, OPERATOR } from '../../support/aws/json-service.ts'
import { codeOf, forbidden, GROWN, quotasService, withValues } from '../../support/aws/quotas.ts'
import { ran } from '../../support/client/program.ts'

const PROGRAM = join(import.meta.dirname, '../../../client/probe-registry.js')

const quotas = (endpoint: string, args: readonly string[] = [], env = {}) =>
  ran(PROGRAM, ['quotas', ...args], { ...OPERATOR, AWS_ENDPOINT_URL_SERVICE_QUOTAS: endpoint, ...env })

function settingsFile(settings: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'settings.json')
  writeFileSync(file, JSON.stringify(settings))
  return file
}

const EXECUTIONS = 'Concurrent executions'
const LINUX = 'Concurrently running builds for Linux/Medium environment'
const ARM = 'Concurrently running builds for ARM/Medium environment'

describe('an account that has enough', () => {
  test('fits in every line, with quotas from all pages, applied or default', async () => {
    const { endpoint, calls } = await quotasService(GROWN)
    const { status, stdout, stderr } = await quotas(endpoint)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.trimEnd().split('\n')).toEqual([
      `fits    lambda: ${EXECUTIONS}: 1000, needed 100`,
      `fits    codebuild: ${LINUX}: 20, needed 10`,
      `fits    codebuild: ${ARM}: 10, needed 10`,
      'fits    apigateway: Throttle rate: 10000, needed 500',
      'fits    apigateway: Throttle burst rate: 5000, needed 1000',
    ])
    expect(calls.filter(([, { NextToken }]) => NextToken !== undefined)).toHaveLength(2)
  })
})

describe('an account that has too little', () => {
  test('is slow if builds wait for each other, and the printed command raises the quota by its code from AWS', async () => {
    const { endpoint } = await quotasService(withValues({ [LINUX]: 2 }))
    const { status, stdout } = await quotas(endpoint)
    expect(status).toBe(1)
    const code = codeOf({ service: 'codebuild', name: LINUX })
    expect(stdout).toContain(`SLOW    codebuild: ${LINUX}: 2, needed 10\n`)
    expect(stdout).toContain(
      `aws service-quotas request-service-quota-increase --service-code codebuild --quota-code ${code} --desired-value 10 --region us-east-1\n`,
    )
    expect(stdout.match(/^fits/gm)).toHaveLength(4)
  })

  test('fails if the reserved executions of the settings leave fewer than a hundred unreserved', async () => {
    const { endpoint } = await quotasService(GROWN)
    const kept = (waitConcurrency: number) => settingsFile({ cloud: { waitConcurrency } })
    const { status, stdout } = await quotas(endpoint, ['--settings', kept(693)])
    expect(status).toBe(1)
    // 693 + 70 + 139 + 100
    expect(stdout).toMatch(/^FAILS {3}lambda: Concurrent executions: 1000, needed 1002$/m)
    expect(stdout).toMatch(/--service-code lambda .*--desired-value 1002 /)
    const fitting = await quotas(endpoint, ['--settings', kept(690)])
    expect([fitting.status, fitting.stdout.match(/^fits/gm)?.length]).toEqual([0, 5])
  })

  test('is only slow with the ten executions of a new account, and the printed command requests 1000', async () => {
    const { endpoint } = await quotasService(withValues({ [EXECUTIONS]: 10 }))
    const { status, stdout } = await quotas(endpoint)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^SLOW {4}lambda: Concurrent executions: 10, needed 100$/m)
    expect(stdout).toMatch(/--service-code lambda .*--desired-value 1000 /)
  })

  test('fails if CodeBuild starts no builds of an architecture, unless another one runs them', async () => {
    const { endpoint } = await quotasService(withValues({ [ARM]: 0 }))
    expect((await quotas(endpoint)).stdout).toMatch(
      /^FAILS {3}codebuild: .*ARM\/Medium environment: 0, needed 10$/m,
    )
    const crossed = settingsFile({ build: { machines: { aarch64: 'x86_64' } } })
    expect(await quotas(endpoint, ['--settings', crossed])).toMatchObject({ status: 0 })
  })

  test('gets the name of the setting to lower if AWS never raises the quota', async () => {
    const { endpoint } = await quotasService(GROWN)
    const file = settingsFile({ cloud: { requestBurst: 6000 } })
    const { status, stdout } = await quotas(endpoint, ['--settings', file])
    expect(status).toBe(1)
    expect(stdout).toContain('AWS does not raise this one: lower cloud.requestBurst\n')
    expect(stdout).not.toContain('request-service-quota-increase')
  })
})

describe('missing data', () => {
  test('a quota that a region lacks is unknown, and the command fails', async () => {
    const { endpoint } = await quotasService(withValues({ [ARM]: null }))
    const { status, stdout } = await quotas(endpoint)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^UNKNOWN codebuild: Concurrently running builds for ARM\/Medium environment$/m)
    expect(stdout).toContain('list-aws-default-service-quotas --service-code codebuild --region us-east-1')
  })

  test('the quotas of a service that a region lacks are unknown', async () => {
    const { endpoint } = await quotasService(GROWN.filter(({ service }) => service !== 'codebuild'))
    expect((await quotas(endpoint)).stdout.match(/^UNKNOWN codebuild/gm)).toHaveLength(2)
  })

  test('the error names a missing permission', async () => {
    const { endpoint } = await forbidden()
    const { status, stdout, stderr } = await quotas(endpoint)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('servicequotas:ListServiceQuotas')
  })

  test('the error names missing credentials, an unreachable service, and invalid or missing settings', async () => {
    const { endpoint } = await quotasService(GROWN)
    const told = async (args: readonly string[], env: object) => {
      const { status, stderr } = await quotas(endpoint, args, env)
      return `${status} ${stderr.split('\n')[0]}`
    }
    expect(
      await Promise.all([
        told([], { AWS_ACCESS_KEY_ID: '', HOME: '/nowhere' }),
        told([], { AWS_ENDPOINT_URL_SERVICE_QUOTAS: 'http://127.0.0.1:9' }),
        told(['--settings', settingsFile({ build: { atOnce: 0 } })], {}),
        told(['--settings', '/nowhere'], {}),
      ]),
    ).toEqual([
      expect.stringMatching(/^2 .*no AWS credentials: /),
      expect.stringMatching(/^2 .*Service Quotas cannot be reached: .*ECONNREFUSED/),
      expect.stringMatching(/^2 .*build\.atOnce/),
      expect.stringMatching(/^2 .*no such file/),
    ])
  })

  test('an endless list is an error', async () => {
    const endless = () => ({ Quotas: [], NextToken: 'again' })
    const { endpoint } = await jsonService(QUOTAS, {
      ListServiceQuotas: endless,
      ListAWSDefaultServiceQuotas: endless,
    })
    expect(await quotas(endpoint)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('does not end'),
    })
  })
})

test('the region is that of --region, else of the settings, else of the environment', async () => {
  const { endpoint } = await quotasService(GROWN)
  // The service runs in another region, and rejects a signature for this one.
  const { status, stderr } = await quotas(endpoint, ['--region', 'eu-central-1'])
  expect([status, stderr]).toEqual([2, expect.stringContaining('scoped to us-east-1')])
  expect(await quotas(endpoint, [], { AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-1' })).toMatchObject({
    status: 0,
  })
  const deployed = settingsFile({ cloud: { deployment: { region: 'us-east-1' } } })
  expect(await quotas(endpoint, ['--settings', deployed], { AWS_REGION: 'eu-west-1' })).toMatchObject({
    status: 0,
  })
})
