// The stack's side of the builder: a process that starts every sandbox. It starts before the stack opens anything, so that no
// build can inherit a file or a secret of the stack.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { FromBuilder, Order, ToBuilder } from './builder-protocol.ts'

export interface Builder {
  /** Starts a build in a sandbox of its own. */
  run(order: Order, listener: Listener): Started
  /** Stops the builder, which kills its sandboxes. */
  stop(): Promise<void>
}

export interface Listener {
  output(bytes: Uint8Array): void
  told(line: string): void
}

interface Started {
  /** Resolves when the sandbox has ended: to the reason if it failed, otherwise to undefined. */
  readonly ended: Promise<string | undefined>
  /** Kills everything in the sandbox, also before it has started. */
  kill(): void
}

/** Failure of a build whose builder ended before it. */
export const DIED = 'The machine died under the build'

/** milliseconds */
const STOP_MS = 1000

interface Run extends Listener {
  readonly end: (failure: string | undefined) => void
}

interface Live {
  readonly process: ChildProcess
  readonly runs: Map<number, Run>
}

/**
 * Starts the builder at once. If it crashes, its builds fail, and the next build starts it again. By then the stack has files
 * open, which the new process closes. The folders of lost builds stay until the stack stops or starts.
 */
export function startBuilder(): Builder {
  let count = 0
  let live: Live | undefined
  const lose = (lost: Live): void => {
    if (live === lost) live = undefined
    for (const { end } of lost.runs.values()) end(DIED)
    lost.runs.clear()
  }
  live = launch(lose)
  return {
    run: (order, listener) => {
      live ??= launch(lose)
      const { process, runs } = live
      const run = count++
      const ended = new Promise<string | undefined>((end) => runs.set(run, { ...listener, end }))
      send(process, { tag: 'run', run, order })
      return { ended, kill: () => send(process, { tag: 'kill', run }) }
    },
    stop: async () => {
      const stopped = live?.process
      if (stopped === undefined) return
      const gone = once(stopped, 'exit')
      // It kills its builds and exits by itself. If it is too slow, it is killed.
      const late = setTimeout(() => stopped.kill('SIGKILL'), STOP_MS)
      if (stopped.connected) stopped.disconnect()
      await gone
      clearTimeout(late)
    },
  }
}

/** Detached, so that Ctrl-C reaches only the stack, which then ends its builds. The channel closes when the stack ends. */
function launch(lose: (live: Live) => void): Live {
  const process = fork(join(import.meta.dirname, 'builder-process.ts'), [], {
    cwd: '/',
    env: {},
    execArgv: [],
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const live: Live = { process, runs: new Map() }
  process.on('message', (message: FromBuilder) => receive(live, message))
  process.on('error', () => lose(live))
  process.on('exit', () => lose(live))
  return live
}

/** Ignores errors: if the process has gone, its exit ends its builds. */
function send(to: ChildProcess, message: ToBuilder): void {
  to.send(message, () => {})
}

function receive({ runs }: Live, message: FromBuilder): void {
  const run = runs.get(message.run)
  switch (message.tag) {
    case 'output':
      run?.output(message.bytes)
      break
    case 'told':
      run?.told(message.line)
      break
    case 'ended':
      runs.delete(message.run)
      run?.end(message.failure)
      break
  }
}
