// The messages between the stack and a function's worker thread.

export interface WorkerSetup {
  /** folder of the bundled asset */
  readonly asset: string
  /** e.g. `index.handler` */
  readonly handler: string
  readonly functionName: string
  /** `$LATEST`, or the number of a version */
  readonly functionVersion: string
  readonly memoryMb: number
  /** bytes that the one invocation may use in addition to the runtime; undefined: many share the worker, without a limit */
  readonly mostBytes: number | undefined
  /** whether it only handles events: no client waits for it, so it runs with lower priority */
  readonly isForEvents: boolean
}

export interface ToWorker {
  readonly requestId: string
  /** with the qualifier of the invocation */
  readonly functionArn: string
  /** JSON */
  readonly event: string
  /** in `monotonic` milliseconds */
  readonly deadline: number
}

/** Milliseconds of a clock that nobody can set. All threads share it. */
export const monotonic = (): number => Number(process.hrtime.bigint() / 1_000_000n)

export type FromWorker =
  | { readonly tag: 'ready' }
  /** maximum since the worker started; sent only if `mostBytes` is set */
  | { readonly tag: 'held'; readonly bytes: number }
  /** `payload`: JSON */
  | { readonly tag: 'answer'; readonly requestId: string; readonly payload: string }
  | { readonly tag: 'failure'; readonly requestId: string; readonly message: string }
