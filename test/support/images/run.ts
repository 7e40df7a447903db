// Runs a program to its end and returns its exit code and output.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** `home`: its home folder, so that it reads no file of the user who runs the tests. */
export async function run(
  command: string,
  args: readonly string[],
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const options = {
    env: { PATH: process.env.PATH, HOME: home, ...env },
    timeout: 120_000,
    maxBuffer: 1 << 26,
  }
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...args], options)
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as Partial<Ran>
    return { code: typeof code === 'number' ? code : -1, stdout, stderr }
  }
}
