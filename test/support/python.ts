// Installs checkers from Python's package registry into their own environment, if this machine can.

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'

const run = promisify(execFile)

const INSTALL_MILLISECONDS = 5 * 60_000

export interface Ran {
  readonly code: number
  readonly output: string
}

export interface PythonTools {
  /** Runs one of the tools; after `milliseconds` it is killed, and the code is -1. */
  run(tool: string, args: readonly string[], milliseconds: number, cwd: string): Promise<Ran>
  remove(): Promise<void>
}

/** `packages`: each with its version, `name==1.2.3`. Returns a text with the reason if the installation fails. */
export async function pythonTools(...packages: readonly string[]): Promise<PythonTools | string> {
  const dir = await mkdtemp(join(tmpdir(), 'python-tools-'))
  const remove = () => rm(dir, { recursive: true, force: true })
  const bin = (tool: string) => join(dir, 'bin', tool)
  const options = { timeout: INSTALL_MILLISECONDS, maxBuffer: 64 << 20 }
  try {
    await run('python3', ['-m', 'venv', dir], options)
    const quiet = ['--quiet', '--disable-pip-version-check', '--retries', '1']
    await run(bin('pip'), ['install', ...quiet, ...packages], options)
  } catch (error) {
    await remove()
    return `${packages.join(' and ')} cannot be had here: ${lastLine(error)}`
  }
  return { run: (tool, ...rest) => ran(bin(tool), ...rest), remove }
}

/** Returns the tools, or skips the test and prints the reason. */
export function had(tools: PythonTools | string, { skip }: TestContext): PythonTools {
  if (typeof tools !== 'string') return tools
  console.log(`skipped: ${tools}`)
  return skip(tools)
}

function lastLine(error: unknown): string {
  const {
    stderr = '',
    message = '',
    killed,
  } = error as { stderr?: string; message?: string; killed?: boolean }
  if (killed) return `no end within ${INSTALL_MILLISECONDS / 60_000} minutes`
  return (stderr.trim() === '' ? message : stderr.trim()).split('\n').at(-1) ?? ''
}

async function ran(file: string, args: readonly string[], timeout: number, cwd: string): Promise<Ran> {
  try {
    const { stdout, stderr } = await run(file, [...args], { cwd, timeout, maxBuffer: 64 << 20 })
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
    return { code: typeof code === 'number' ? code : -1, output: stdout + stderr }
  }
}
