// Records builds, one file each, and converts them to the forms of CodeBuild's API and events.

import { join } from 'node:path'
import { listJson, readJson, remove, writeJson } from '../wire/files.ts'
import type { JsonObject } from '../wire/json.ts'
import { ACCOUNT, REGION } from '../wire/types.ts'

type EndStatus = 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT'

/** In order. */
const PHASES = [
  'SUBMITTED',
  'QUEUED',
  'PROVISIONING',
  'DOWNLOAD_SOURCE',
  'INSTALL',
  'PRE_BUILD',
  'BUILD',
  'POST_BUILD',
  'UPLOAD_ARTIFACTS',
  'FINALIZING',
  'COMPLETED',
] as const
/** https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html */
export type PhaseType = (typeof PHASES)[number]

interface PhaseRecord {
  readonly type: PhaseType
  /** COMPLETED never has one */
  readonly status?: EndStatus
  /** milliseconds since the epoch */
  readonly start: number
  readonly end?: number
  /** why the phase failed */
  readonly context?: string
}

/** Has the form of CodeBuild's API and events. */
export type Variable = Readonly<{ name: string; value: string; type: 'PLAINTEXT' }>

export interface Build {
  /** `{project}:{uuid}` */
  readonly id: string
  readonly project: string
  readonly number: number
  readonly status: EndStatus | 'IN_PROGRESS'
  readonly phases: readonly PhaseRecord[]
  readonly variables: readonly Variable[]
  readonly initiator: string
  readonly token?: string
  /** milliseconds since the epoch */
  readonly start: number
  readonly end?: number
  /** whether the event of the build's end was sent; a crash between the end and the event leaves false */
  readonly announced: boolean
}

export interface Builds {
  get(id: string): Build | undefined
  all(): readonly Build[]
  /** The build is on disk when this returns. */
  save(build: Build): void
  /** Like `save`, but ignores errors, because a full disk must not stop a running build. */
  note(build: Build): void
  /** Deletes a build and its log. */
  forget(build: Build): void
  logFile(id: string): string
}

export function openBuilds(dir: string): Builds {
  const builds = new Map<string, Build>()
  for (const file of listJson(dir)) {
    const build = readJson(file) as Build | undefined
    if (build !== undefined) builds.set(build.id, build)
  }
  const fileOf = (id: string, suffix: string): string => join(dir, `${id.replaceAll(':', '_')}.${suffix}`)
  const save = (build: Build): void => {
    builds.set(build.id, build)
    writeJson(fileOf(build.id, 'json'), build)
  }
  return {
    get: (id) => builds.get(id),
    all: () => [...builds.values()],
    save,
    // A crash before the next save loses this state: the next start then marks the build as failed.
    note: (build) => {
      try {
        save(build)
      } catch {}
    },
    forget: ({ id }) => {
      builds.delete(id)
      remove(fileOf(id, 'json'))
      remove(fileOf(id, 'log'))
    },
    logFile: (id) => fileOf(id, 'log'),
  }
}

export const buildArn = (id: string): string => `arn:aws:codebuild:${REGION}:${ACCOUNT}:build/${id}`

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000)

/** The phase that runs now, or COMPLETED. */
export const currentPhase = ({ phases }: Build): PhaseType =>
  phases.find(({ status }) => status === undefined)?.type ?? 'COMPLETED'

/** Ends the running phase as succeeded, adds the phases before `type` as succeeded, and begins `type`. */
export function inPhase(build: Build, type: PhaseType, now: number): Build {
  const ended = { status: 'SUCCEEDED', end: now } as const
  const phases = build.phases.map((phase) => (phase.status === undefined ? { ...phase, ...ended } : phase))
  const last = phases.at(-1)?.type ?? 'SUBMITTED'
  const skipped = PHASES.slice(PHASES.indexOf(last) + 1, PHASES.indexOf(type))
  const passed = skipped.map((type) => ({ type, start: now, ...ended }))
  return { ...build, phases: [...phases, ...passed, { type, start: now }] }
}

/** Ends the running phase with the build. Adds a FINALIZING phase if a builder had started the build. */
export function endOf(build: Build, status: EndStatus, context: string | undefined, now: number): Build {
  if (status === 'SUCCEEDED') return { ...inPhase(build, 'COMPLETED', now), status, end: now }
  const ended = { status, end: now, ...(context === undefined ? {} : { context }) }
  const phases = build.phases.map((phase) => (phase.status === undefined ? { ...phase, ...ended } : phase))
  const taken = phases.some(({ type }) => type === 'PROVISIONING')
  const back = { type: 'FINALIZING', status: 'SUCCEEDED', start: now, end: now } as const
  return {
    ...build,
    status,
    end: now,
    phases: [...phases, ...(taken ? [back] : []), { type: 'COMPLETED', start: now }],
  }
}

/** The form of BatchGetBuilds and StartBuild. */
export const describe = (build: Build): JsonObject => ({
  id: build.id,
  arn: buildArn(build.id),
  buildNumber: build.number,
  projectName: build.project,
  buildStatus: build.status,
  buildComplete: build.end !== undefined,
  currentPhase: currentPhase(build),
  initiator: build.initiator,
  startTime: seconds(build.start),
  endTime: seconds(build.end),
  environment: { environmentVariables: build.variables },
  phases: build.phases.map(({ type, status, start, end, context }) => ({
    phaseType: type,
    phaseStatus: status,
    startTime: seconds(start),
    endTime: seconds(end),
    durationInSeconds: end === undefined ? undefined : Math.round((end - start) / 1000),
    contexts: context === undefined ? [] : [contextOf(context)],
  })),
})

/** Splits `CODE: message`, as events write it, into its two parts. */
function contextOf(context: string): JsonObject {
  const [, statusCode = '', message = context] = /^([A-Z_]+): (.*)$/s.exec(context) ?? []
  return { statusCode, message }
}

/** The `detail` of a "CodeBuild Build State Change" event. */
export const eventDetail = (build: Build): JsonObject => ({
  'build-status': build.status,
  'project-name': build.project,
  'build-id': buildArn(build.id),
  'current-phase': currentPhase(build),
  'current-phase-context': '[]',
  version: '1',
  'additional-information': {
    'build-number': build.number,
    'build-complete': build.end !== undefined,
    'build-start-time': time(build.start),
    initiator: build.initiator,
    environment: { 'environment-variables': build.variables },
    phases: build.phases.map(phaseDetail),
  },
})

const phaseDetail = ({ type, status, start, end, context }: PhaseRecord): JsonObject => ({
  'phase-type': type,
  'phase-status': status,
  'phase-context': context === undefined ? [] : [context],
  'start-time': time(start),
  ...(end === undefined
    ? {}
    : { 'end-time': time(end), 'duration-in-seconds': Math.round((end - start) / 1000) }),
})

/** Formats a time like `Sep 1, 2017 4:12:29 PM`. */
const time = (ms: number): string =>
  new Date(ms)
    .toLocaleString('en-US', { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'medium' })
    .replace(/^(\w+ \d+, \d+), /, '$1 ')
