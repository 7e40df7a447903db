// Runs one function: a worker thread started at the first invocation, replaced after a crash, a timeout or its time, ended when idle.

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

/** An execution environment. */
export interface Environment {
  readonly variables: Readonly<Record<string, string>>
  /** until when it is given invocations, in milliseconds since the epoch */
  readonly until: number
}

export interface RunnerOptions {
  readonly setup: WorkerSetup
  /** Of a worker that is started now. */
  readonly environment: () => Environment
  readonly now: Clock
  readonly heapMb: number
  readonly timeoutMs: number
  readonly executions: Executions
  readonly idleMs: number
  readonly log: FunctionLog
}

export interface Runner {
  /** `event`: JSON; `functionArn`: as it is invoked. Never rejects. */
  invoke(event: string, functionArn: string): Promise<Outcome>
  stop(): Promise<void>
}

/** Lambda's limit of a synchronous answer, and the time it gives a module to load. */
const MAX_ANSWER = 6 * 1024 * 1024
const INIT_MS = 10_000

interface Invocation {
  readonly end: (outcome: Outcome) => void
}

interface Live {
  readonly worker: Worker
  readonly invocations: Map<string, Invocation>
  readonly ready: Promise<boolean>
  readonly until: number
  idle: NodeJS.Timeout | undefined
}

export function createRunner(options: RunnerOptions): Runner {
  let current: Live | undefined
  const all = new Set<Live>()

  const lose = (live: Live, message: string): void => {
    if (current === live) current = undefined
    all.delete(live)
    clearTimeout(live.idle)
    if (live.invocations.size > 0) options.log.line(message)
    for (const { end } of live.invocations.values()) end({ tag: 'failed', message })
  }

  function start(): Live {
    const live = startWorker(options, lose)
    all.add(live)
    return live
  }

  /** One that is past its time ends. */
  function worker(): Live {
    const past = current !== undefined && options.now() >= current.until ? current : undefined
    if (current === undefined || past !== undefined) current = start()
    if (past !== undefined) settle(past)
    return current
  }

  /** What still runs in a worker that is replaced ends there; the worker ends with its last invocation. */
  function settle(live: Live): void {
    if (live.invocations.size > 0) return
    clearTimeout(live.idle)
    if (live === current) live.idle = setTimeout(() => retire(live), options.idleMs).unref()
    else void live.worker.terminate()
  }

  function retire(live: Live): void {
    if (current === live) current = undefined
    void live.worker.terminate()
  }

  async function invoke(event: string, functionArn: string): Promise<Outcome> {
    if (!options.executions.begin()) return { tag: 'throttled' }
    const live = worker()
    const requestId = randomUUID()
    const outcome = new Promise<Outcome>((end) => live.invocations.set(requestId, { end }))
    clearTimeout(live.idle)
    if (await live.ready) post(live, { requestId, functionArn, event })
    const result = await outcome
    options.executions.end()
    live.invocations.delete(requestId)
    settle(live)
    return bounded(result)
  }

  function post(live: Live, invoked: Omit<ToWorker, 'deadline'>): void {
    const { requestId } = invoked
    const message: ToWorker = { ...invoked, deadline: monotonic() + options.timeoutMs }
    const timer = setTimeout(() => {
      const late = `${requestId} Task timed out after ${(options.timeoutMs / 1000).toFixed(2)} seconds`
      options.log.line(late)
      if (current === live) current = undefined
      live.invocations.get(requestId)?.end({ tag: 'failed', message: late })
    }, options.timeoutMs)
    const { end } = live.invocations.get(requestId)!
    live.invocations.set(requestId, {
      end: (outcome) => {
        clearTimeout(timer)
        end(outcome)
      },
    })
    live.worker.postMessage(message)
  }

  return {
    invoke,
    stop: async () => {
      await Promise.all([...all].map(({ worker }) => worker.terminate()))
    },
  }
}

const bounded = (outcome: Outcome): Outcome =>
  outcome.tag === 'answer' && Buffer.byteLength(outcome.payload) > MAX_ANSWER
    ? {
        tag: 'failed',
        message: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
      }
    : outcome

function startWorker(options: RunnerOptions, lose: (live: Live, message: string) => void): Live {
  const { variables, until } = options.environment()
  const worker = new Worker(workerProgram(), {
    env: { ...variables },
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
  const live: Live = { worker, invocations: new Map(), ready, until, idle: undefined }
  let why = 'Runtime exited'
  worker.on('message', (message: FromWorker) => {
    if (message.tag === 'ready') clearTimeout(init)
    receive(live, message, resolve)
  })
  worker.on('error', (error) => {
    why = `Runtime exited with error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  })
  worker.on('exit', () => {
    clearTimeout(init)
    resolve(false)
    lose(live, why)
  })
  return live
}

function receive({ invocations }: Live, message: FromWorker, ready: (loaded: boolean) => void): void {
  switch (message.tag) {
    case 'ready':
      ready(true)
      break
    case 'answer':
      invocations.get(message.requestId)?.end({ tag: 'answer', payload: message.payload })
      break
    case 'failure':
      invocations.get(message.requestId)?.end({ tag: 'failed', message: message.message })
      break
  }
}
