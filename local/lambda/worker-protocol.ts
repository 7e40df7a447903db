// What the stack and a function's worker thread say to each other.

export interface WorkerSetup {
  /** folder of the bundled asset */
  readonly asset: string
  /** e.g. `index.handler` */
  readonly handler: string
  readonly functionName: string
  /** `$LATEST`, or the number of a version */
  readonly functionVersion: string
  readonly memoryMb: number
  /** bytes that its one invocation may hold, beside the runtime itself; undefined: it has many, and nobody looks */
  readonly mostBytes: number | undefined
  /** no client waits for its answer: those for whose answers one does go first */
  readonly isForEvents: boolean
}

export interface ToWorker {
  readonly requestId: string
  /** with the qualifier that it was invoked by */
  readonly functionArn: string
  /** JSON */
  readonly event: string
  /** in `monotonic` milliseconds */
  readonly deadline: number
}

/** Milliseconds by a clock that nobody can set, and that is the same in every thread. */
export const monotonic = (): number => Number(process.hrtime.bigint() / 1_000_000n)

export type FromWorker =
  | { readonly tag: 'ready' }
  /** that it held at most, since it began; of a worker whose invocations are bounded */
  | { readonly tag: 'held'; readonly bytes: number }
  /** `payload`: JSON */
  | { readonly tag: 'answer'; readonly requestId: string; readonly payload: string }
  | { readonly tag: 'failure'; readonly requestId: string; readonly message: string }
