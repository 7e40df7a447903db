// Runs one function in worker threads. A worker starts at the first invocation and ends when it is idle. A crash, a timeout
// or the end of its environment's time replaces it. One worker takes all invocations or, as in AWS, one at a time.

import { randomUUID } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../wire/types.ts'
import type { Executions } from './executions.ts'
import type { FunctionLog } from './function-log.ts'
import { workerProgram } from './worker-program.ts'
import { type FromWorker, monotonic, type ToWorker, type WorkerSetup } from './worker-protocol.ts'

export type Outcome =
  /** `payload`: JSON */
  | { readonly tag: 'answer'; readonly payload: string }
  | { readonly tag: 'throttled' }
  | { readonly tag: 'failed'; readonly message: string }

interface RunnerOptions {
  readonly setup: WorkerSetup
  /** makes the environment of a new worker; `until`: end of new invocations, in milliseconds since the epoch */
  readonly environment: () => { readonly variables: Record<string, string>; readonly until: number }
  readonly now: Clock
  /** concurrent invocations of one worker */
  readonly atOnce: number
  readonly heapMb: number
  readonly timeoutMs: number
  readonly executions: Executions
  readonly idleMs: number
  readonly log: FunctionLog
}

export interface Runner {
  /** `event`: JSON; `functionArn`: the invoked ARN, with its qualifier. Never rejects. */
  invoke(event: string, functionArn: string): Promise<Outcome>
  stop(): Promise<void>
}

export const MB = 1024 * 1024
/**
 * Lambda reports 60 to 70 MB for an empty Node function. A worker here is a thread, and the process of the stack contains its
 * share of that memory. So reports add it to the worker's own, and limits subtract it.
 */
export const RUNTIME_MB = 64

/** Lambda's limit of a synchronous answer in bytes, and its limit in milliseconds for a module to load. */
const MAX_ANSWER = 6 * MB
const INIT_MS = 10_000

interface Live {
  readonly worker: Worker
  /** request id -> function that ends the invocation */
  readonly invocations: Map<string, (outcome: Outcome) => void>
  readonly ready: Promise<boolean>
  readonly until: number
  /** maximum in bytes that the worker has reported */
  held: number
  idle: NodeJS.Timeout | undefined
}

export function createRunner(options: RunnerOptions): Runner {
  /** the workers that get new invocations */
  const open = new Set<Live>()
  const all = new Set<Live>()

  const lose = (live: Live, why: string): void => {
    open.delete(live)
    all.delete(live)
    clearTimeout(live.idle)
    for (const [requestId, end] of live.invocations) {
      const message = `RequestId: ${requestId} Error: ${why}`
      options.log.line(message)
      end({ tag: 'failed', message })
    }
  }

  function start(): Live {
    const live = startWorker(options, lose)
    all.add(live)
    open.add(live)
    return live
  }

  /** Returns a worker with room, or starts one. Workers past their time get no more invocations. */
  function worker(): Live {
    for (const live of open) if (options.now() >= live.until) retire(live)
    return [...open].find(({ invocations }) => invocations.size < options.atOnce) ?? start()
  }

  /** A replaced worker finishes its running invocations and ends with the last of them. */
  function retire(live: Live): void {
    open.delete(live)
    settle(live)
  }

  function settle(live: Live): void {
    if (live.invocations.size > 0) return
    clearTimeout(live.idle)
    if (open.has(live)) live.idle = setTimeout(() => retire(live), options.idleMs).unref()
    else void live.worker.terminate()
  }

  async function invoke(event: string, functionArn: string): Promise<Outcome> {
    if (!options.executions.begin()) return { tag: 'throttled' }
    const live = worker()
    const requestId = randomUUID()
    const outcome = new Promise<Outcome>((end) => live.invocations.set(requestId, end))
    clearTimeout(live.idle)
    const began = monotonic()
    const late = (await live.ready) ? post(live, { requestId, functionArn, event }) : undefined
    const result = await outcome
    clearTimeout(late)
    options.executions.end()
    live.invocations.delete(requestId)
    settle(live)
    if (options.atOnce === 1) report(options, requestId, monotonic() - began, live.held)
    return bounded(result)
  }

  /** Passes an invocation to its worker. Returns the timer of its timeout. */
  function post(live: Live, invoked: Omit<ToWorker, 'deadline'>): NodeJS.Timeout {
    const { requestId } = invoked
    live.worker.postMessage({ ...invoked, deadline: monotonic() + options.timeoutMs } satisfies ToWorker)
    return setTimeout(() => {
      const message = `${requestId} Task timed out after ${(options.timeoutMs / 1000).toFixed(2)} seconds`
      options.log.line(message)
      open.delete(live)
      live.invocations.get(requestId)?.({ tag: 'failed', message })
    }, options.timeoutMs)
  }

  return {
    invoke,
    stop: async () => void (await Promise.all([...all].map(({ worker }) => worker.terminate()))),
  }
}

const bounded = (outcome: Outcome): Outcome =>
  outcome.tag === 'answer' && Buffer.byteLength(outcome.payload) > MAX_ANSWER
    ? {
        tag: 'failed',
        message: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
      }
    : outcome

/**
 * Reports an invocation as Lambda does in the JSON log format. The memory is the maximum of the environment so far:
 * https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
 */
function report({ log, setup }: RunnerOptions, requestId: string, durationMs: number, held: number): void {
  const maxMemoryUsedMB = RUNTIME_MB + Math.ceil(held / MB)
  const metrics = { durationMs, memorySizeMB: setup.memoryMb, maxMemoryUsedMB }
  log.entry({ time: new Date().toISOString(), type: 'platform.report', record: { requestId, metrics } })
}

function startWorker(options: RunnerOptions, lose: (live: Live, message: string) => void): Live {
  const { variables, until } = options.environment()
  const worker = new Worker(workerProgram(), {
    env: variables,
    workerData: options.setup,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMb },
    execArgv: [],
    stdout: true,
    stderr: true,
  })
  worker.stdout.on('data', (chunk: Buffer) => options.log.write(chunk))
  worker.stderr.on('data', (chunk: Buffer) => options.log.write(chunk))
  const { promise: ready, resolve } = Promise.withResolvers<boolean>()
  const init = setTimeout(() => void worker.terminate(), INIT_MS)
  const live: Live = { worker, invocations: new Map(), ready, until, held: 0, idle: undefined }
  const { mostBytes = Number.POSITIVE_INFINITY } = options.setup
  let why = 'Runtime exited'
  worker.on('message', (message: FromWorker) => {
    if (message.tag === 'ready') clearTimeout(init)
    // Ignore later messages of a killed worker.
    if (why === KILLED) return
    receive(live, message, resolve)
    if (live.held <= mostBytes) return
    why = KILLED
    void worker.terminate()
  })
  worker.on('error', (error) => {
    why = `Runtime exited with error: ${exitOf(error)}`
  })
  worker.on('exit', () => {
    clearTimeout(init)
    resolve(false)
    lose(live, why)
  })
  return live
}

/** AWS's message for a process that exceeds its function's memory. */
const KILLED = 'Runtime exited with error: signal: killed'

/** A worker with a full heap aborts: the first of AWS's two errors for too little memory. */
function exitOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'signal: aborted' : (error.stack ?? error.message)
}

function receive(live: Live, message: FromWorker, ready: (loaded: boolean) => void): void {
  switch (message.tag) {
    case 'held':
      live.held = message.bytes
      break
    case 'ready':
      ready(true)
      break
    case 'answer':
      live.invocations.get(message.requestId)?.({ tag: 'answer', payload: message.payload })
      break
    case 'failure':
      live.invocations.get(message.requestId)?.({ tag: 'failed', message: message.message })
      break
  }
}
