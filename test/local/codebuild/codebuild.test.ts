import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Fault, NO_FAULTS } from '../../../local/faults.ts'
import type { StackOptions } from '../../../local/stack.ts'
import { type JsonObject, object } from '../../../local/wire/json.ts'
import { CACHE, rootFor } from '../../support/builds/roots.ts'
import {
  allow,
  role,
  route,
  rule,
  startedStack,
  TABLE,
  temporaryFolder,
  until,
  writeAssembly,
} from '../../support/local/assembly.ts'

const STARTER = `
const { CodeBuildClient, StartBuildCommand, BatchGetBuildsCommand, StopBuildCommand } = require('@aws-sdk/client-codebuild')
const client = new CodeBuildClient({ maxAttempts: 1 })
const IMAGE = [{ name: 'STEPS_ROOT', value: process.env.STEPS_ROOT, type: 'PLAINTEXT' }]
exports.handler = async (event) => handle(event).catch(({ name, message }) => ({ name, message }))
async function handle({ rawPath, rawQueryString }) {
  const [, operation, id = ''] = rawPath.split('/')
  if (operation === 'get') return (await client.send(new BatchGetBuildsCommand({ ids: [decodeURIComponent(id)] }))).builds[0]
  if (operation === 'stop') return (await client.send(new StopBuildCommand({ id: decodeURIComponent(id) }))).build
  const { build } = await client.send(new StartBuildCommand({
    projectName: process.env.PROJECT,
    idempotencyToken: id || undefined,
    environmentVariablesOverride: [{ name: 'GIVEN', value: rawQueryString, type: 'PLAINTEXT' }, ...IMAGE],
  }))
  return build
}`

/** Appends each received event to the file in the environment variable EVENTS. */
const RECORDER = `
const { appendFileSync } = require('node:fs')
exports.handler = async (event) => appendFileSync(process.env.EVENTS, JSON.stringify(event) + '\\n')`

/** The root that the image of these builds is made of. */
const { digest } = await rootFor('steps')

interface Build {
  id: string
  buildStatus: string
  phases: { phaseType: string; phaseStatus?: string; contexts?: { message: string }[] }[]
}

const spec = (...commands: string[]): string =>
  JSON.stringify({ version: 0.2, env: { variables: { FIXED: 'fixed' } }, phases: { build: { commands } } })

const project = (
  buildSpec: string,
  { Environment = {}, ...properties }: JsonObject = {},
  type = 'LINUX_CONTAINER',
): JsonObject => ({
  Type: 'AWS::CodeBuild::Project',
  Properties: {
    ServiceRole: { 'Fn::GetAtt': ['BuildRole', 'Arn'] },
    Source: { Type: 'NO_SOURCE', BuildSpec: buildSpec },
    Artifacts: { Type: 'NO_ARTIFACTS' },
    Environment: {
      ...{ Type: type, ComputeType: 'BUILD_GENERAL1_SMALL', Image: 'debian:12', PrivilegedMode: true },
      ...object(Environment, 'Environment'),
    },
    ...properties,
  },
})

const HERE = process.arch === 'arm64' ? 'ARM_CONTAINER' : 'LINUX_CONTAINER'
const ELSEWHERE = process.arch === 'arm64' ? 'LINUX_CONTAINER' : 'ARM_CONTAINER'

async function lab(
  buildSpec: string,
  properties: JsonObject = {},
  type = HERE,
  more: Pick<StackOptions, 'builders' | 'faults'> = {},
) {
  const folder = temporaryFolder()
  const events = join(folder, 'events')
  writeFileSync(events, '')
  const onBuilds = [
    allow('codebuild:StartBuild', '*'),
    allow('codebuild:BatchGetBuilds', '*'),
    allow('codebuild:StopBuild', '*'),
  ]
  const pattern = {
    source: ['aws.codebuild'],
    detail: { 'build-status': ['SUCCEEDED', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT'] },
  }
  const assembly = await writeAssembly(
    join(folder, 'cdk.out'),
    {
      BuildRole: role('codebuild.amazonaws.com'),
      Table: TABLE,
      Project: project(buildSpec, properties, type),
      ...route('Starter', '$default', 'Starter'),
      ...rule('Ended', { EventPattern: pattern }, 'Recorder'),
    },
    {
      Starter: {
        code: STARTER,
        statements: onBuilds,
        properties: { Environment: { Variables: { PROJECT: { Ref: 'Project' }, STEPS_ROOT: digest } } },
      },
      Recorder: { code: RECORDER, properties: { Environment: { Variables: { EVENTS: events } } } },
    },
  )
  const roots = { objects: join(folder, 'roots-bucket'), unpacked: join(CACHE, 'roots') }
  const said: string[] = []
  const options = {
    assembly,
    roots,
    dataDir: join(folder, 'data'),
    log: (line: string) => void said.push(line),
    ...more,
  }
  const stack = await startedStack(options)
  const ask = async (path: string): Promise<Build> =>
    (await (await fetch(`${stack.url}${path}`)).json()) as Build
  const log = (): string => {
    const dir = join(folder, 'data', 'builds')
    return readdirSync(dir)
      .filter((file) => file.endsWith('.log'))
      .map((file) => readFileSync(join(dir, file), 'utf8'))
      .join('')
  }
  const told = (): { detail: JsonObject }[] =>
    readFileSync(events, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { detail: JsonObject })
  const ended = (id: string) =>
    until(async () => {
      const build = await ask(`/get/${encodeURIComponent(id)}`)
      return build.buildStatus === 'IN_PROGRESS' ? undefined : build
    })
  return { options, stack, ask, log, told, said, ended }
}

const phase = (build: Build, type: string) => build.phases.find(({ phaseType }) => phaseType === type)

describe('a build', () => {
  test('runs its commands in its own sandbox, and its end is reported in the event of CodeBuild', async () => {
    const { ask, ended, log, told } = await lab(
      spec(
        'echo "$FIXED $GIVEN $CODEBUILD_BUILD_ID"',
        'cd /tmp',
        'X=1; export X',
        'echo "in $PWD with $X"',
        'env',
      ),
    )
    const { id } = await ask('/start?given')
    const build = await ended(id)
    expect(build.buildStatus).toBe('SUCCEEDED')
    expect(log()).toContain(`fixed given ${id}\n`)
    expect(log()).toContain('in /tmp with 1\n')
    expect(log()).not.toMatch(/AWS_SECRET|AWS_SESSION|npm_/)
    const [event] = await until(() => (told().length > 0 ? told() : undefined))
    expect(event!.detail).toMatchObject({
      'build-status': 'SUCCEEDED',
      'project-name': 'Small-Project',
      'build-id': `arn:aws:codebuild:us-east-1:000000000000:build/${id}`,
      'additional-information': {
        environment: {
          'environment-variables': [
            { name: 'GIVEN', value: 'given', type: 'PLAINTEXT' },
            { name: 'STEPS_ROOT', value: digest, type: 'PLAINTEXT' },
          ],
        },
      },
    })
  })

  test('has a lower priority than the registry', async () => {
    const { ask, ended, log } = await lab(spec(`echo "nice $(cut -d ' ' -f 19 /proc/self/stat)"`))
    expect((await ended((await ask('/start')).id)).buildStatus).toBe('SUCCEEDED')
    expect(log()).toContain(`nice ${Math.min(getPriority() + 10, 19)}\n`)
  })

  test('with a lost event is reported by no event, and BatchGetBuilds answers its status', async () => {
    const faults = { ...NO_FAULTS, strikes: (fault: Fault) => fault === 'build-event-lost' }
    const { options, stack, ask, ended, told } = await lab(spec('true'), {}, HERE, { faults })
    expect((await ended((await ask('/start')).id)).buildStatus).toBe('SUCCEEDED')
    await stack.stop()
    // A later start does not report it either, because its end is recorded as reported.
    await startedStack({ ...options, faults: NO_FAULTS })
    await sleep(1000)
    expect(told()).toEqual([])
  })

  test('ends as failed after a failed command, without the next command', async () => {
    const { ask, ended, log, told } = await lab(spec('echo before', 'exit 3', 'echo after'))
    const build = await ended((await ask('/start')).id)
    expect(build.buildStatus).toBe('FAILED')
    expect(phase(build, 'BUILD')).toMatchObject({
      phaseStatus: 'FAILED',
      contexts: [{ message: expect.stringContaining('exit status 3') }],
    })
    expect(log()).toContain('before\n')
    expect(log()).not.toContain('after\n')
    await until(() => told().find(({ detail }) => detail['build-status'] === 'FAILED'))
  })

  test('with an end that cannot be recorded is logged once, and again after the record', async () => {
    const { options, ask, told, said } = await lab(spec('sleep 2'))
    await ask('/start')
    const builds = join(options.dataDir, 'builds')
    renameSync(builds, `${builds}-away`)
    writeFileSync(builds, '')
    await until(() => said.find((line) => line.startsWith('the end of a build cannot be recorded')))
    // The registry has retried in the meantime.
    await new Promise((resolve) => setTimeout(resolve, 6000))
    rmSync(builds)
    renameSync(`${builds}-away`, builds)
    await until(() => said.includes('the ends of builds are recorded again') || undefined)
    expect(said.filter((line) => line.includes('cannot be recorded'))).toHaveLength(1)
    await until(() => told().find(({ detail }) => detail['build-status'] === 'SUCCEEDED'))
  })

  test('that takes too long is killed with all its processes', async () => {
    const { ask, ended, told } = await lab(spec('/usr/bin/setsid sleep 47.11 & sleep 47.11'), {
      TimeoutInMinutes: 0.01,
    })
    const build = await ended((await ask('/start')).id)
    expect(build.buildStatus).toBe('TIMED_OUT')
    await until(() => told().find(({ detail }) => detail['build-status'] === 'TIMED_OUT'))
    expect(commandLines()).not.toContain('sleep\0' + '47.11')
  })

  test('that is stopped ends as stopped', async () => {
    const { ask, ended } = await lab(spec('sleep 47.12'))
    const { id } = await ask('/start')
    await ask(`/stop/${encodeURIComponent(id)}`)
    expect((await ended(id)).buildStatus).toBe('STOPPED')
  })

  test('starts once for one token', async () => {
    const { ask, ended } = await lab(spec('true'))
    const [first, second, other] = [await ask('/start/t1'), await ask('/start/t1'), await ask('/start/t2')]
    expect(second.id).toBe(first.id)
    expect(other.id).not.toBe(first.id)
    await ended(other.id)
  })

  test('runs a sandbox of its own within the sandbox', async () => {
    const inner = '/usr/bin/bwrap --unshare-all --die-with-parent --ro-bind / / --proc /proc --dev /dev'
    const { ask, ended, log } = await lab(spec(`${inner} sh -c 'echo "inner $$"'`))
    const build = await ended((await ask('/start')).id)
    expect(log()).toContain('inner 2\n')
    expect(build.buildStatus).toBe('SUCCEEDED')
  })

  test('of an unprivileged project cannot create a sandbox', async () => {
    const inner = '/usr/bin/bwrap --unshare-all --die-with-parent --ro-bind / / --proc /proc --dev /dev'
    const { ask, ended, log } = await lab(spec('echo began', `${inner} true`), {
      Environment: { PrivilegedMode: false },
    })
    const build = await ended((await ask('/start')).id)
    expect(log()).toContain('began\n')
    expect(build.buildStatus).toBe('FAILED')
  })

  test('passes all phases of CodeBuild, and its event has the same phases', async () => {
    const { ask, ended, told } = await lab(spec('true'))
    const build = await ended((await ask('/start')).id)
    const passed = 'SUBMITTED QUEUED PROVISIONING DOWNLOAD_SOURCE INSTALL PRE_BUILD BUILD POST_BUILD'
    const all = `${passed} UPLOAD_ARTIFACTS FINALIZING`.split(' ').map((type) => `${type} SUCCEEDED`)
    const seen = build.phases.map(({ phaseType, phaseStatus = '' }) => `${phaseType} ${phaseStatus}`)
    expect(seen).toEqual([...all, 'COMPLETED '])
    const [event] = await until(() => (told().length > 0 ? told() : undefined))
    const { phases } = object(event!.detail['additional-information'], 'event')
    const inEvent = (phases as JsonObject[]).map((one) => `${one['phase-type']} ${one['phase-status'] ?? ''}`)
    expect(inEvent).toEqual(seen)
  })

  test('for another architecture fails at once with the reason', async () => {
    const { ask, ended } = await lab(spec('true'), {}, ELSEWHERE)
    const build = await ended((await ask('/start')).id)
    expect(build.buildStatus).toBe('FAILED')
    expect(build.phases.flatMap(({ contexts }) => contexts ?? [])[0]?.message).toMatch(
      /set build\.machines to \w+ for both/,
    )
  })

  test('that ran when the stack stopped is marked as failed by the next start, and an event reports it', async () => {
    const { ask, options, stack, told } = await lab(spec('sleep 47.13'))
    const { id } = await ask('/start')
    await stack.stop()
    await startedStack(options)
    const event = await until(() => told().find(({ detail }) => detail['build-status'] === 'FAILED'))
    expect(event.detail['build-id']).toContain(id)
    expect(commandLines()).not.toContain('sleep\0' + '47.13')
  })
})

describe('CodeBuild refuses', () => {
  const refused = (stack: Promise<unknown>, why: RegExp) => expect(stack).rejects.toThrow(why)

  test('a buildspec of more than 25,600 characters', async () => {
    const long = (length: number): string => {
      const without = spec('').length
      return spec('x'.repeat(length - without))
    }
    await refused(lab(long(25_601)), /25601 characters/)
    await lab(long(25_600))
  })

  test("CodeBuild's own image pulled by the role", async () => {
    const Image = 'aws/codebuild/amazonlinux-x86_64-standard:5.0'
    await refused(
      lab(spec('true'), { Environment: { Image, ImagePullCredentialsType: 'SERVICE_ROLE' } }),
      /must be CODEBUILD/,
    )
  })

  test('a limit of concurrent builds, because the local CodeBuild does not enforce one', async () => {
    await refused(lab(spec('true'), { ConcurrentBuildLimit: 1 }), /ConcurrentBuildLimit/)
  })

  test('a variable of more than 4,096 characters', async () => {
    const { ask } = await lab(spec('true'))
    expect(await ask(`/start?${'x'.repeat(4097)}`)).toMatchObject({
      name: 'InvalidInputException',
      message: expect.stringContaining('EnvironmentVariable should be at most 4096 characters'),
    })
    expect(await ask(`/start?${'x'.repeat(4096)}`)).toHaveProperty('id')
  })

  test.each([
    ['without a name', '', /should not be empty/],
    ['with a name of its own', 'CODEBUILD_SRC_DIR', /is reserved/],
  ])('a variable %s', async (_, Name, why) => {
    const Environment = { EnvironmentVariables: [{ Name, Value: 'x' }] }
    await refused(lab(spec('true'), { Environment }), why)
  })

  test('a build if the queue has five times as many builds as can run at once', async () => {
    const { ask } = await lab(spec('sleep 47.15'), {}, HERE, { builders: 1 })
    for (let builds = 0; builds < 6; builds += 1) expect(await ask('/start')).toHaveProperty('id')
    expect(await ask('/start')).toMatchObject({
      name: 'AccountLimitExceededException',
      message: 'Cannot have more than 5 builds in queue for the account',
    })
  })
})

/** Every child of the stack inherits the open files of the database. */
const DESCRIPTORS = String.raw`ls -l /proc/self/fd | /usr/bin/sed -n 's/.* \([0-9]*\) -> /open \1 /p'`
/** Open files, except for standard streams and the listing itself. */
const open = (log: string) =>
  log
    .match(/^open .*$/gm)
    ?.filter((line) => !/^open (0 \/dev\/null|[12] \w+:.*|3 \/proc\/\d+\/fd)$/.test(line))

describe('the builder', () => {
  test('gives a build no open file of the stack', async () => {
    const { ask, ended, log } = await lab(spec(DESCRIPTORS))
    await ended((await ask('/start')).id)
    expect(open(log())).toEqual([])
  })

  test('that dies ends its builds as failed, and a new builder runs the next build without open files', async () => {
    const { ask, ended, log } = await lab(spec(`[ "$GIVEN" != long ] || sleep 47.14; ${DESCRIPTORS}`))
    const { id } = await ask('/start?long')
    await until(() => commandLines().includes('sleep\0' + '47.14') || undefined)
    const before = builders()
    expect(before).toHaveLength(1)
    process.kill(before[0]!, 'SIGKILL')
    const build = await ended(id)
    expect(build.buildStatus).toBe('FAILED')
    expect(phase(build, 'BUILD')?.contexts?.[0]?.message).toBe('The machine died under the build')
    await until(() => !commandLines().includes('sleep\0' + '47.14') || undefined)
    expect((await ended((await ask('/start')).id)).buildStatus).toBe('SUCCEEDED')
    expect(open(log())).toEqual([])
    expect(builders()).not.toEqual(before)
  })

  test('ends with the stack', async () => {
    const { stack } = await lab(spec('true'))
    expect(builders()).toHaveLength(1)
    await stack.stop()
    expect(builders()).toEqual([])
  })
})

/** Process ids of this process's builders. */
const builders = (): number[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && ofProcess(pid, 'cmdline').includes('builder-process.ts'))
    .filter((pid) => new RegExp(`^PPid:\\t${process.pid}$`, 'm').test(ofProcess(pid, 'status')))
    .map(Number)

const ofProcess = (pid: string, what: 'cmdline' | 'status'): string => {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8')
  } catch {
    return ''
  }
}

/** The command lines of every process of this machine. */
const commandLines = (): string =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ofProcess(pid, 'cmdline'))
    .join('\n')
