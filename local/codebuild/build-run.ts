// Runs one build in the builder: records its log and phases, and applies its time limit.

import { createWriteStream } from 'node:fs'
import { type Clock, REGION } from '../wire/types.ts'
import type { Builder } from './builder.ts'
import type { Order } from './builder-protocol.ts'
import { type Build, type Builds, buildArn, endOf, inPhase, type PhaseType } from './builds.ts'
import { buildScripts } from './buildspec.ts'
import type { Project } from './project.ts'
import { IMAGE_PATH, SOURCE_FOLDER } from './sandbox.ts'

export interface BuildRun {
  /** Resolves to the ended build; never rejects. */
  readonly ended: Promise<Build>
  stop(): void
}

/** The same for all builds of a stack. */
export interface Workshop extends Pick<Order, 'scratch' | 'roots' | 'store'> {
  readonly builder: Builder
  readonly now: Clock
}

interface BuildRunOptions extends Workshop {
  readonly build: Build
  readonly project: Project
  readonly builds: Builds
}

/** Environment variable with the digest of this build's root, which is its image. */
const IMAGE = 'STEPS_ROOT'

export function runBuild(options: BuildRunOptions): BuildRun {
  const { builds, project, now, builder, scratch, roots, store } = options
  let build = inPhase(options.build, 'PROVISIONING', now())
  const log = openLog(builds.logFile(build.id))
  const told = (line: string): void => {
    build = onTold(build, line, now())
    builds.note(build)
  }
  const variables = environmentOf(build, project)
  const order = {
    ...{ scratch, roots, store, variables },
    image: variables[IMAGE] ?? '',
    scripts: buildScripts(project.spec),
    privileged: project.privileged,
  }
  const running = builder.run(order, { output: log.write, told })
  builds.note(build)
  let forced: { readonly status: 'STOPPED' | 'TIMED_OUT'; readonly context: string } | undefined
  const end = (by: typeof forced): void => {
    forced ??= by
    running.kill()
  }
  const late = `Build timed out after ${project.timeoutMs / 60_000} minutes`
  const timer = setTimeout(() => end({ status: 'TIMED_OUT', context: late }), project.timeoutMs)
  const ended = running.ended.then(async (failure) => {
    clearTimeout(timer)
    await log.end()
    if (forced !== undefined) return endOf(build, forced.status, forced.context, now())
    return endOf(build, failure === undefined ? 'SUCCEEDED' : 'FAILED', failure, now())
  })
  return { ended, stop: () => end({ status: 'STOPPED', context: 'Build was stopped' }) }
}

/** Opens the log. If it cannot be written, the build still runs. */
function openLog(file: string) {
  const stream = createWriteStream(file, { mode: 0o600 }).on('error', () => {})
  return {
    write: (bytes: Uint8Array): void => void stream.write(bytes),
    end: (): Promise<void> => new Promise((done) => void stream.end(() => done())),
  }
}

/** Parses a report of the driver: `start PHASE` or `end PHASE CODE`. */
function onTold(build: Build, line: string, now: number): Build {
  const [, what, phase, code] = /^(start|end) ([A-Z_]+)(?: (\d+))?$/.exec(line) ?? []
  if (what === 'start') return inPhase(build, phase as PhaseType, now)
  if (what !== 'end') return build
  const context = `COMMAND_EXECUTION_ERROR: a command ended with exit status ${code}`
  const ended = code === '0' ? { status: 'SUCCEEDED' as const } : { status: 'FAILED' as const, context }
  const phases = build.phases.map((record) =>
    record.type === phase && record.status === undefined ? { ...record, ...ended, end: now } : record,
  )
  return { ...build, phases }
}

function environmentOf(build: Build, { spec }: Project): Record<string, string> {
  return {
    PATH: IMAGE_PATH,
    HOME: SOURCE_FOLDER,
    LANG: 'C.UTF-8',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_ARN: buildArn(build.id),
    CODEBUILD_BUILD_NUMBER: String(build.number),
    CODEBUILD_INITIATOR: build.initiator,
    CODEBUILD_SRC_DIR: SOURCE_FOLDER,
    CODEBUILD_START_TIME: String(build.start),
    ...spec.variables,
    ...Object.fromEntries(build.variables.map(({ name, value }) => [name, value])),
  }
}
