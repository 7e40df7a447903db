// CodeBuild: runs the template's projects from a queue, each build in its sandbox, and sends events when builds end.

import { randomUUID } from 'node:crypto'
import type { Events } from '../events/events.ts'
import { type Faults, NO_FAULTS } from '../faults.ts'
import type { Roles } from '../iam/roles.ts'
import type { Template } from '../template/template.ts'
import { AwsError, authorize, member, type Operations } from '../wire/aws-json.ts'
import { remove } from '../wire/files.ts'
import { type JsonObject, list, object, string, strings } from '../wire/json.ts'
import { ACCOUNT, type Principal, REGION } from '../wire/types.ts'
import { type BuildRun, runBuild, type Workshop } from './build-run.ts'
import { DIED } from './builder.ts'
import {
  type Build,
  type Builds,
  buildArn,
  currentPhase,
  describe,
  endOf,
  eventDetail,
  openBuilds,
  type Variable,
} from './builds.ts'
import { openProject, type Project, variableOf } from './project.ts'

interface CodeBuild {
  readonly operations: Operations
  /** Ends builds that the last process left running, and sends their events. */
  recover(): void
  /** Numbers of running and of queued builds. */
  counts(): { readonly running: number; readonly waiting: number }
  /** Ends all builds. The next start marks them as failed. */
  stop(): Promise<void>
}

interface CodeBuildOptions extends Workshop {
  readonly template: Template
  readonly roles: Roles
  readonly events: Pick<Events, 'emit'>
  /** records and logs */
  readonly dir: string
  /** maximum concurrent builds */
  readonly concurrency: number
  readonly log?: (line: string) => void
  readonly faults?: Faults
}

/** For five minutes, the same token starts no second build, as in CodeBuild. */
const TOKEN_MS = 5 * 60 * 1000
/** Queued builds for each concurrent build: https://docs.aws.amazon.com/codebuild/latest/userguide/builds-working.html */
const QUEUE_FACTOR = 5
/** Maximum builds in one request: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html */
const MAX_IDS = 100
const SETTLE_MS = 5000
const KEPT_MS = 7 * 24 * 60 * 60 * 1000

export function createCodeBuild(options: CodeBuildOptions): CodeBuild {
  const { template, roles, now, log = () => {}, faults = NO_FAULTS } = options
  const projects = template.ofType('AWS::CodeBuild::Project').map((resource) => openProject(resource, roles))
  const builds = openBuilds(options.dir)
  remove(options.scratch)
  const runs = new Map<string, BuildRun>()
  const waiting: string[] = []
  let stopped = false
  /** builds whose end has not been recorded yet */
  const unsettled = new Set<string>()

  /** A crash before `announced` is stored sends the event again. The fault `build-event-lost` loses it for good. */
  function announce(build: Build): void {
    if (!faults.strikes('build-event-lost'))
      options.events.emit({
        'detail-type': 'CodeBuild Build State Change',
        source: 'aws.codebuild',
        resources: [buildArn(build.id)],
        detail: eventDetail(build),
      })
    if (build.end !== undefined) builds.save({ ...build, announced: true })
  }

  function next(): void {
    while (!stopped && runs.size < options.concurrency) {
      const id = waiting.shift()
      if (id === undefined) return
      begin(builds.get(id)!)
    }
  }

  function begin(build: Build): void {
    const project = projects.find(({ name }) => name === build.project)!
    const { builder, scratch, roots, store } = options
    const run = runBuild({ build, project, builds, builder, scratch, roots, store, now })
    runs.set(build.id, run)
    void run.ended.then((ended) => {
      if (stopped) return
      runs.delete(build.id)
      settle(ended)
      next()
    })
  }

  /** Records the end of a build and announces it. If that fails, e.g. on a full disk, logs it once and tries again. */
  function settle(ended: Build): void {
    try {
      builds.save(ended)
      announce(ended)
      if (unsettled.delete(ended.id) && unsettled.size === 0) log('the ends of builds are recorded again')
    } catch (error) {
      if (unsettled.size === 0)
        log(`the end of a build cannot be recorded, and is tried again: ${String(error)}`)
      unsettled.add(ended.id)
      setTimeout(() => {
        if (!stopped) settle(ended)
      }, SETTLE_MS).unref()
    }
  }

  function start(input: JsonObject, caller: Principal): JsonObject {
    const project = find(projects, member(input, 'projectName'), caller, 'codebuild:StartBuild')
    const order = orderOf(input)
    const before = builds.all().find((build) => isSame(build, project, order, now()))
    if (before !== undefined) return { build: describe(before) }
    checkQueue()
    const build = newBuild(project, order, { number: nextNumber(builds), caller, start: now() })
    builds.save(build)
    announce(build)
    if (build.end === undefined) {
      waiting.push(build.id)
      const expire = () => endWaiting(build.id, 'TIMED_OUT', 'The build waited too long for its turn')
      setTimeout(expire, project.queuedTimeoutMs).unref()
      next()
    }
    return { build: describe(builds.get(build.id)!) }
  }

  /** Refuses a build if the queue is full: https://docs.aws.amazon.com/codebuild/latest/userguide/builds-working.html */
  function checkQueue(): void {
    const most = QUEUE_FACTOR * options.concurrency
    if (waiting.length >= most)
      throw new AwsError(
        'AccountLimitExceededException',
        `Cannot have more than ${most} builds in queue for the account`,
      )
  }

  function endWaiting(id: string, status: 'TIMED_OUT' | 'STOPPED', context: string): boolean {
    const index = waiting.indexOf(id)
    if (index < 0) return false
    waiting.splice(index, 1)
    settle(endOf(builds.get(id)!, status, context, now()))
    return true
  }

  function stop(input: JsonObject, caller: Principal): JsonObject {
    const build = buildOf(member(input, 'id'), caller, 'codebuild:StopBuild')
    if (build === undefined) throw new AwsError('ResourceNotFoundException', 'no such build')
    if (!endWaiting(build.id, 'STOPPED', 'Build was stopped')) runs.get(build.id)?.stop()
    return { build: describe(builds.get(build.id)!) }
  }

  function buildOf(id: string, caller: Principal, action: string): Build | undefined {
    const [project = ''] = id.replace(/^arn:.*:build\//, '').split(':')
    find(projects, project, caller, action)
    return builds.get(id.replace(/^arn:.*:build\//, ''))
  }

  function batchGet(input: JsonObject, caller: Principal): JsonObject {
    const ids = strings(input.ids, 'ids')
    if (ids.length < 1 || ids.length > MAX_IDS)
      throw new AwsError('InvalidInputException', `ids must have 1 to ${MAX_IDS} items`)
    const found = ids.map((id) => buildOf(id, caller, 'codebuild:BatchGetBuilds'))
    return {
      builds: found.filter((build) => build !== undefined).map(describe),
      buildsNotFound: ids.filter((_, index) => found[index] === undefined),
    }
  }

  return {
    operations: { StartBuild: start, StopBuild: stop, BatchGetBuilds: batchGet },
    recover: () => recover(builds, announce, now()),
    counts: () => ({ running: runs.size, waiting: waiting.length }),
    stop: async () => {
      stopped = true
      for (const run of runs.values()) run.stop()
      await Promise.all([...runs.values()].map((run) => run.ended))
      remove(options.scratch)
    },
  }
}

/** Builds that ran when the stack died have ended, because their sandboxes died with it. */
function recover(builds: Builds, announce: (build: Build) => void, now: number): void {
  for (const build of builds.all()) {
    if (build.end !== undefined && build.announced && now - build.end > KEPT_MS) builds.forget(build)
    const ended = build.end === undefined ? cutOff(build, now) : build
    if (ended !== build) builds.save(ended)
    if (!ended.announced) announce(ended)
  }
}

/** A build that was still queued counts as stopped. */
const cutOff = (build: Build, now: number): Build =>
  endOf(build, currentPhase(build) === 'QUEUED' ? 'STOPPED' : 'FAILED', DIED, now)

function find(projects: readonly Project[], name: string, caller: Principal, action: string): Project {
  authorize(caller, action, `arn:aws:codebuild:${REGION}:${ACCOUNT}:project/${name}`)
  const project = projects.find((candidate) => candidate.name === name)
  if (project === undefined)
    throw new AwsError('ResourceNotFoundException', `Project cannot be found: ${name}`)
  return project
}

type Order = ReturnType<typeof orderOf>

const START_MEMBERS = ['environmentVariablesOverride', 'idempotencyToken', 'projectName']

function orderOf(input: JsonObject) {
  const unknown = Object.keys(input).filter((name) => !START_MEMBERS.includes(name))
  if (unknown.length > 0)
    throw new AwsError('InvalidInputException', `${unknown.join(', ')} is not known here`)
  const token = input.idempotencyToken === undefined ? undefined : member(input, 'idempotencyToken')
  const overrides = list(input.environmentVariablesOverride ?? [], 'environmentVariablesOverride').map(
    (entry) => {
      const { name, value, type } = object(entry, 'environmentVariablesOverride')
      if (type !== undefined && type !== 'PLAINTEXT')
        throw new AwsError('InvalidInputException', 'only PLAINTEXT variables are known here')
      return invalidUnless(() => variableOf(string(name, 'name'), string(value, 'value')))
    },
  )
  return { token, overrides }
}

function invalidUnless<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new AwsError('InvalidInputException', error instanceof Error ? error.message : String(error))
  }
}

function isSame(build: Build, project: Project, { token, overrides }: Order, now: number): boolean {
  if (token === undefined || build.token !== token || build.project !== project.name) return false
  if (now - build.start > TOKEN_MS) return false
  if (JSON.stringify(build.variables) === JSON.stringify(variablesOf(project, overrides))) return true
  throw new AwsError('InvalidInputException', 'the idempotency token was used with other parameters')
}

function variablesOf(project: Project, overrides: readonly Variable[]): Variable[] {
  const kept = project.variables.filter(({ name }) => !overrides.some((override) => override.name === name))
  return [...kept, ...overrides]
}

const nextNumber = (builds: Builds): number =>
  builds.all().reduce((most, { number }) => Math.max(most, number), 0) + 1

function newBuild(
  project: Project,
  { token, overrides }: Order,
  { number, caller, start }: { number: number; caller: Principal; start: number },
): Build {
  const build: Build = {
    id: `${project.name}:${randomUUID()}`,
    project: project.name,
    number,
    status: 'IN_PROGRESS',
    phases: [
      { type: 'SUBMITTED', status: 'SUCCEEDED', start, end: start },
      { type: 'QUEUED', start },
    ],
    variables: variablesOf(project, overrides),
    initiator: caller.name,
    ...(token === undefined ? {} : { token }),
    start,
    announced: false,
  }
  return project.impossible === undefined ? build : endOf(build, 'FAILED', project.impossible, start)
}
