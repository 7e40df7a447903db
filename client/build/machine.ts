// Runs one build like this machine's CodeBuild: with the same buildspec, builder, sandbox and time limit.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { inlineBuildspec } from '../../cdk/buildspec.ts'
import { variablesOf } from '../../lib/aws/builder.ts'
import type { BuildOrder } from '../../lib/model/ports.ts'
import { runBuild } from '../../local/codebuild/build-run.ts'
import type { Builder, Listener } from '../../local/codebuild/builder.ts'
import { type Build, openBuilds } from '../../local/codebuild/builds.ts'
import { parseBuildSpec } from '../../local/codebuild/buildspec.ts'
import type { Project } from '../../local/codebuild/project.ts'
import type { RootPlaces } from '../../local/roots.ts'
import type { Clock } from '../../local/wire/types.ts'

interface MachineOptions {
  readonly builder: Builder
  /** work folder, only for this build */
  readonly work: string
  /** the same, but every user may enter its parent folders */
  readonly scratch: string
  readonly roots: RootPlaces
  /** path of the socket of the build's store */
  readonly store: string
  readonly timeoutMinutes: number
  readonly now: Clock
  /** receives each line of the build's output */
  readonly said: (line: string) => void
}

export interface Ended {
  readonly status: 'succeeded' | 'failed' | 'timed-out'
  /** the reason, if the steps did not report one */
  readonly context: string
}

export async function runOnMachine(options: MachineOptions, order: BuildOrder): Promise<Ended> {
  const { work, scratch, roots, store, builder, now, said } = options
  const records = join(work, 'builds')
  mkdirSync(records, { recursive: true })
  const spec = parseBuildSpec(inlineBuildspec(), 'buildspecs/probe.yml')
  const project: Project = {
    name: 'build',
    spec,
    variables: [],
    timeoutMs: options.timeoutMinutes * 60_000,
    privileged: true,
    queuedTimeoutMs: 0,
    impossible: undefined,
  }
  const run = runBuild({
    ...{ builds: openBuilds(records), project, scratch, roots, store, now },
    builder: { ...builder, run: (job, listener) => builder.run(job, overheard(listener, said)) },
    build: buildOf(order, now()),
  })
  const ended = await run.ended
  const context = ended.phases.flatMap((phase) => phase.context ?? []).join('; ')
  return { status: STATUS[ended.status] ?? 'failed', context }
}

const STATUS: Readonly<Partial<Record<Build['status'], Ended['status']>>> = {
  SUCCEEDED: 'succeeded',
  TIMED_OUT: 'timed-out',
}

const buildOf = (order: BuildOrder, now: number): Build => ({
  id: `build:${order.claim}`,
  project: 'build',
  number: 1,
  status: 'IN_PROGRESS',
  phases: [],
  variables: variablesOf(order),
  initiator: 'probe-registry',
  start: now,
  announced: true,
})

function overheard(listener: Listener, said: (line: string) => void): Listener {
  const decoder = new TextDecoder()
  let open = ''
  return {
    ...listener,
    output: (bytes) => {
      listener.output(bytes)
      const lines = (open + decoder.decode(bytes, { stream: true })).split('\n')
      // Bounded, because a compiler may print a line without end.
      open = (lines.pop() ?? '').slice(0, 4096)
      for (const line of lines) said(line)
    },
  }
}
