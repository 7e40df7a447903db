// Runs other programs while this machine's stack starts. They end with this process at the latest.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Kills the child when this process exits. */
export function endWithThisProcess(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('close', () => process.off('exit', kill))
}

/**
 * Runs a script that writes to this process's output. Resolves when it has ended, however it ended. Settings belong into the
 * environment: all users can see arguments, and settings may contain a proxy's password.
 */
export async function runScript(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const env = { ...process.env, ...environment }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  endWithThisProcess(child)
  await once(child, 'close').catch(() => {})
}
