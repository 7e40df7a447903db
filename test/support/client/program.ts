// What a person runs, as a process of its own, while this one goes on and may answer it.

import { spawn } from 'node:child_process'

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `env`: nothing of this process's but its PATH is in the other's. */
export function ran(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env } })
    const said = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, ...said }))
  })
}
