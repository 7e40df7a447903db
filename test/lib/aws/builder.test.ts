// Tests the start, look and stop of builds against the CodeBuild of local/.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BatchGetBuildsCommand, CodeBuildClient } from '@aws-sdk/client-codebuild'
import { describe, expect, onTestFinished, test } from 'vitest'
import { buildEndOf } from '../../../functions/runtime/events.ts'
import { createBuilder } from '../../../lib/aws/builder.ts'
import type { BuildOrder, BuildStatus } from '../../../lib/model/ports.ts'
import type { Arch } from '../../../lib/model/probe.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import { clientOptions, startServices } from '../../support/aws/services-lab.ts'
import { rootFor } from '../../support/builds/roots.ts'
import { role, until } from '../../support/local/assembly.ts'

const [HERE, ELSEWHERE]: [Arch, Arch] =
  process.arch === 'arm64' ? ['aarch64', 'x86_64'] : ['x86_64', 'aarch64']

const project = (type: string, command: string): JsonObject => ({
  Type: 'AWS::CodeBuild::Project',
  Properties: {
    ServiceRole: { 'Fn::GetAtt': ['BuildRole', 'Arn'] },
    Source: {
      Type: 'NO_SOURCE',
      BuildSpec: JSON.stringify({ version: 0.2, phases: { build: { commands: [command] } } }),
    },
    Artifacts: { Type: 'NO_ARTIFACTS' },
    Environment: { Type: type, ComputeType: 'BUILD_GENERAL1_SMALL', Image: 'debian:12' },
  },
})

const { digest } = await rootFor('steps')

const orderFor = (arch: Arch, claim = '00000000-0000-4000-8000-000000000001'): BuildOrder => ({
  phase: 'build',
  key: 'driver/1.2.3+driver/x86_64/falco_debian_6.1.1-1-amd64_1.ko',
  probe: {
    driverVersion: '1.2.3+driver',
    arch,
    driverName: 'falco',
    target: 'debian',
    kernelRelease: '6.1.1-1-amd64',
    kernelVersion: '1',
    kind: 'kmod',
  },
  claim,
  jobUrl: 'http://127.0.0.1:1/s3/staging/job?X-Amz-Signature=0',
  jobSha256: 'a'.repeat(64),
  stepsRoot: digest,
})

function used(endpoint: string): CodeBuildClient {
  const client = new CodeBuildClient(clientOptions(endpoint))
  onTestFinished(() => client.destroy())
  return client
}

async function lab(command: string) {
  const { endpoint, refs } = await startServices({
    BuildRole: role('codebuild.amazonaws.com'),
    Intel: project('LINUX_CONTAINER', command),
    Arm: project('ARM_CONTAINER', command),
  })
  const client = used(endpoint)
  const adapter = createBuilder(client, {
    build: { x86_64: refs.Intel!, aarch64: refs.Arm! },
    'load-test': { x86_64: refs.Intel!, aarch64: refs.Arm! },
  })
  const start = async (order: BuildOrder): Promise<string> => {
    const id = await adapter.start(order)
    if (id === undefined) throw new Error('the builder takes no more')
    return id
  }
  const builder = { ...adapter, start }
  const ended = (id: string) =>
    until(async () => {
      const look = await builder.look(id)
      return look.status === 'running' ? undefined : look.status
    })
  return { builder, client, ended, refs }
}

describe('a build', () => {
  test("runs in its architecture's project with the variables of its order, and no others", async () => {
    const { builder, client, refs } = await lab('sleep 60')
    const order = orderFor(HERE)
    const id = await builder.start(order)
    const { builds } = await client.send(new BatchGetBuildsCommand({ ids: [id] }))
    expect(builds![0]!.projectName).toBe(HERE === 'x86_64' ? refs.Intel : refs.Arm)
    expect(builds![0]!.environment!.environmentVariables).toEqual([
      { name: 'PROBE_KEY', value: order.key, type: 'PLAINTEXT' },
      { name: 'CLAIM', value: order.claim, type: 'PLAINTEXT' },
      { name: 'JOB_URL', value: order.jobUrl, type: 'PLAINTEXT' },
      { name: 'JOB_SHA256', value: order.jobSha256, type: 'PLAINTEXT' },
      { name: 'STEPS_ROOT', value: digest, type: 'PLAINTEXT' },
      { name: 'PHASE', value: 'build', type: 'PLAINTEXT' },
    ])
  })

  test('that tests a probe gets the number of the test, and each test is one build', async () => {
    const { builder, client } = await lab('sleep 60')
    const test = (number: number) => builder.start({ ...orderFor(HERE), phase: 'load-test', test: number })
    const ids = [await test(1), await test(1), await test(2), await builder.start(orderFor(HERE))]
    expect(new Set(ids).size).toBe(3)
    const { builds } = await client.send(new BatchGetBuildsCommand({ ids: [ids[2]!] }))
    expect(builds![0]!.environment!.environmentVariables).toEqual(
      expect.arrayContaining([
        { name: 'PHASE', value: 'load-test', type: 'PLAINTEXT' },
        { name: 'LOAD_TEST', value: '2', type: 'PLAINTEXT' },
      ]),
    )
  })

  test('is started once per claim, however often it is requested', async () => {
    const { builder } = await lab('sleep 60')
    const ids = await Promise.all(Array.from({ length: 5 }, () => builder.start(orderFor(HERE))))
    expect(new Set(ids).size).toBe(1)
    expect(await builder.start(orderFor(HERE, '00000000-0000-4000-8000-000000000002'))).not.toBe(ids[0])
  })

  test('succeeds if its commands succeed', async () => {
    const { builder, ended } = await lab('test -n "$CLAIM"')
    expect(await ended(await builder.start(orderFor(HERE)))).toBe('succeeded')
  })

  test('fails if its command fails', async () => {
    const { builder, ended } = await lab('exit 3')
    expect(await ended(await builder.start(orderFor(HERE)))).toBe('failed')
  })

  test('fails if no machine has its architecture', async () => {
    const { builder, ended } = await lab('true')
    expect(await ended(await builder.start(orderFor(ELSEWHERE)))).toBe('failed')
  })

  test('runs until it is stopped, and may be stopped again', async () => {
    const { builder, ended } = await lab('sleep 60')
    const id = await builder.start(orderFor(HERE))
    expect(await builder.look(id)).toEqual({ status: 'running' })
    await builder.stop(id)
    expect(await ended(id)).toBe('failed')
    await builder.stop(id)
  })

  test('that is stopped before a builder took it never began', async () => {
    const { builder, ended } = await lab('sleep 60')
    const ids: string[] = []
    for (const i of [1, 2, 3])
      ids.push(await builder.start(orderFor(HERE, `00000000-0000-4000-8000-00000000000${i}`)))
    await builder.stop(ids[2]!)
    expect(await builder.look(ids[2]!)).toEqual({
      status: 'failed',
      brokeOff: { begun: false, neverBegan: true, why: 'Build was stopped' },
    })
    await builder.stop(ids[0]!)
    await ended(ids[0]!)
    expect((await builder.look(ids[0]!)).brokeOff).toMatchObject({ neverBegan: false })
  })

  test('with an unknown id has the status unknown', async () => {
    const { builder, refs } = await lab('true')
    const unheard = `${refs.Intel}:00000000-0000-4000-8000-000000000000`
    expect(await builder.look(unheard)).toEqual({ status: 'unknown' })
  })
})

describe('the point at which a build broke off', () => {
  const phases = (type: string, phaseStatus: string, message: string) => [
    { phaseType: 'SUBMITTED', phaseStatus: 'SUCCEEDED' },
    { phaseType: type, phaseStatus, contexts: [{ statusCode: 'CODE', message }] },
    { phaseType: 'COMPLETED' },
  ]
  test.each([
    ['that no builder took', 'TIMED_OUT', phases('QUEUED', 'TIMED_OUT', 'too long')],
    ['that was stopped as it waited', 'STOPPED', phases('QUEUED', 'STOPPED', 'by hand')],
    ['whose image cannot be had', 'FAULT', phases('PROVISIONING', 'FAULT', 'no image')],
    ['that took too long', 'TIMED_OUT', phases('BUILD', 'TIMED_OUT', 'too long')],
    ['that says nothing', 'FAILED', [{ phaseType: 'BUILD', phaseStatus: 'FAILED', contexts: [] }]],
    ['without phases', 'FAILED', []],
  ])('is the same in a look as in the event of the end, for a build %s', async (_, buildStatus, told) => {
    const { status, brokeOff } = buildEndOf(eventOfEnd(buildStatus, told))
    expect(await looked({ buildStatus, phases: told })).toEqual({ status, ...(brokeOff && { brokeOff }) })
  })

  test('is absent for a build that runs or succeeded', async () => {
    for (const buildStatus of ['IN_PROGRESS', 'SUCCEEDED'])
      expect(await looked({ buildStatus, phases: phases('QUEUED', 'TIMED_OUT', '') })).not.toHaveProperty(
        'brokeOff',
      )
  })
})

interface Told {
  readonly phaseType: string
  readonly phaseStatus?: string
  readonly contexts?: readonly { readonly statusCode: string; readonly message: string }[]
}

/** "Build state change" in the CodeBuild user guide. */
const eventOfEnd = (status: string, phases: readonly Told[]) => ({
  'detail-type': 'CodeBuild Build State Change',
  detail: {
    'build-status': status,
    'additional-information': {
      environment: {
        'environment-variables': ['PROBE_KEY', 'CLAIM', 'PHASE'].map((name) => ({ name, value: name })),
      },
      phases: phases.map(({ phaseType, phaseStatus, contexts = [] }) => ({
        'phase-type': phaseType,
        'phase-status': phaseStatus,
        'phase-context': contexts.map(({ statusCode, message }) => `${statusCode}: ${message}`),
      })),
    },
  },
})

test.each<[string, BuildStatus]>([
  ['IN_PROGRESS', 'running'],
  ['SUCCEEDED', 'succeeded'],
  ['FAILED', 'failed'],
  ['FAULT', 'failed'],
  ['STOPPED', 'failed'],
  ['TIMED_OUT', 'timed-out'],
])('the status %s of CodeBuild means %s', async (buildStatus, status) => {
  expect(await looked({ buildStatus })).toEqual({ status })
})

/** Looks at a build of a CodeBuild that answers with this build. */
async function looked(build: object) {
  const server = createServer((request, response) => {
    request.resume()
    response.end(JSON.stringify({ builds: [build] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const client = used(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const projects = { x86_64: 'i', aarch64: 'a' }
  const builder = createBuilder(client, { build: projects, 'load-test': projects })
  return builder.look('i:1')
}
