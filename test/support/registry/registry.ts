// Starts the registry like a user: `sh local/start.sh` in its own process. Tests send requests with curl.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import type { Settings } from '../../../lib/model/settings.ts'
import { NO_KERNEL_ORG } from '../kernel-org.ts'
import { debianSuites } from '../mirrors.ts'
import { giveAssembly, keepAssembly } from './assembly.ts'
import { overruns } from './memory.ts'
import { PATIENCE, PATIENT, passes, STRICT, STRICT_ARGS, STRICT_ENV } from './mode.ts'

const run = promisify(execFile)

export const DRIVER_VERSION = '0.1.1dev+git20220316.e5c53d64'

/** Settings for tests of a driver that does not compile: the registry tries a build in spite of known failures. */
export const TRIED = {
  drivers: DEFAULTS.drivers.map((entry) => ({ ...entry, knownFailures: 'tried' as const })),
}

export interface Registry {
  readonly url: string
  readonly dataDir: string
  readonly pid: number
  /** its output so far */
  output(): string
  /** resolves to the exit code or the signal */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

export interface RegistryOptions {
  readonly dataDir: string
  readonly port?: number
  readonly env?: Readonly<Record<string, string>>
  /** after `npm start --`, in addition to those of the tests' mode */
  readonly args?: readonly string[]
  /** `off` unless the test is about load tests: a virtual machine with every build would slow all tests */
  readonly loadTest?: Settings['loadTest']['mode']
  /** these override the defaults, too */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** Starts the registry, and waits for its `ready` line. */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { dataDir, port, env = {}, loadTest: mode = 'off', settings: own = {} } = options
  const args = [...(options.args ?? []), ...(STRICT ? STRICT_ARGS : [])]
  const chosen = port ?? (await freePort())
  const settings = join(dataDir, 'test-settings.json')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const json = JSON.stringify({
    debian: { suites: debianSuites(), snapshot: { mode: 'off' } },
    vanilla: { archive: NO_KERNEL_ORG },
    loadTest: { mode },
    ...own,
  })
  await writeFile(settings, json)
  // A strict stack has other settings, so it needs its own assembly.
  const kept = args.some((arg) => arg.startsWith('--strict')) ? `${json} strict` : json
  giveAssembly(dataDir, kept)
  const child = spawn('sh', ['local/start.sh', ...args], {
    env: {
      ...process.env,
      ...STRICT_ENV,
      SETTINGS_FILE: settings,
      ...env,
      PORT: String(chosen),
      DATA_DIR: dataDir,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  child.stderr.on('data', (chunk) => {
    text += chunk
  })
  await readyLine(child, () => text)
  keepAssembly(dataDir, kept)
  return {
    url: `http://127.0.0.1:${chosen}`,
    pid: child.pid ?? 0,
    dataDir,
    output: () => text,
    stop: async (signal) => {
      const ended = await end(child, signal)
      if (STRICT) refuseOverruns(dataDir)
      return ended
    },
  }
}

/** Throws if a function needed more memory than it had. */
function refuseOverruns(dataDir: string): void {
  const found = overruns(dataDir)
  if (found.length > 0)
    throw new Error(`functions want more memory than cdk/stack.ts gives:\n${found.join('\n')}`)
}

async function readyLine(child: ChildProcess, text: () => string): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!/^ready http:.*$/m.test(text())) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it ended before it was ready:\n${text()}`)
    if (Date.now() > deadline) throw new Error(`it was not ready within two minutes:\n${text()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function end(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(child.exitCode ?? child.signalCode)
  return new Promise((resolve) => {
    child.once('exit', (code, by) => resolve(code ?? by))
    child.kill(signal)
  })
}

/**
 * A free port, outside of the kernel's range for outgoing connections (32768 and up, ip(7) ip_local_port_range): a connection
 * could take a port of that range before the registry listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    if (await isFree(port)) return port
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** A temporary folder, and a call that removes it. */
export async function scratch(): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'probe-registry-'))
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}

export interface Curl {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** With a strict registry, curl retries. */
export const curl = (args: readonly string[], cwd?: string): Promise<Curl> =>
  curlOnce(STRICT ? [...PATIENT, ...args] : args, cwd)

async function curlOnce(args: readonly string[], cwd?: string): Promise<Curl> {
  try {
    const { stdout, stderr } = await run('curl', [...args], { cwd, maxBuffer: 64 << 20 })
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
    return { code: code ?? -1, stdout, stderr }
  }
}

export interface Asked {
  readonly status: number
  readonly body: string
}

/** Status and body of one request, with the path exactly as given. With a strict registry it repeats until a final answer. */
export async function ask(url: string, ...args: string[]): Promise<Asked> {
  const end = Date.now() + (STRICT ? PATIENCE * 1000 : 0)
  for (;;) {
    const answer = await askOnce(url, args)
    if (!passes(answer.status, answer.body) || Date.now() >= end) return answer
    await sleep(2000)
  }
}

async function askOnce(url: string, args: readonly string[]): Promise<Asked> {
  // A file keeps only the last try's body; stdout would contain the bodies of all tries.
  const file = join(tmpdir(), `answer-${randomUUID()}`)
  const written = ['-sS', '-o', file, '-w', '%{http_code}', '--path-as-is']
  const { stdout, stderr } = await curlOnce([...written, ...args, url])
  const body = await readFile(file, 'utf8').catch(() => '')
  await rm(file, { force: true })
  return { status: Number(stdout), body: body || stderr }
}

export const sh = async (command: string, args: readonly string[], cwd?: string): Promise<string> => {
  const { stdout, stderr } = await run(command, [...args], { cwd, maxBuffer: 64 << 20 })
  return stdout + stderr
}
