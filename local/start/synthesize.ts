// Makes the cloud assembly of this machine: writes its settings, and runs `cdk/app.ts` if anything changed.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { remove, writeJson } from '../wire/files.ts'
import { isObject, type Json, type JsonObject } from '../wire/json.ts'
import type { Suite } from './apt-sources.ts'
import { endWithThisProcess } from './child.ts'

interface SynthesisOptions {
  /** folder of the project */
  readonly root: string
  readonly dataDir: string
  readonly suites: readonly Suite[]
  /** JSON file that overrides the settings of this machine */
  readonly settingsFile: string | undefined
  /** default `machine`: as many clients as this machine can serve; `account`: the limits of a new AWS account */
  readonly capacity?: 'machine' | 'account'
  readonly log: (line: string) => void
}

/** Files and folders that the assembly depends on. */
const SOURCES = ['buildspecs', 'cdk', 'functions', 'lib', 'package-lock.json']

/** Returns the folder of the assembly. A crash leaves no digest, so the next start synthesizes again. */
export async function synthesize(options: SynthesisOptions): Promise<string> {
  const { root, dataDir } = options
  const settings = join(dataDir, 'settings.json')
  writeJson(settings, settingsOf(options))
  const assembly = join(dataDir, 'cdk.out')
  const stamp = join(dataDir, 'cdk.digest')
  const digest = digestOf(root, SOURCES, readFileSync(settings))
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return assembly
  options.log('synthesizing the stack')
  remove(stamp)
  remove(assembly)
  const env = { ...process.env, CDK_OUTDIR: assembly, PROBE_SETTINGS: settings, PROBE_LOCAL: '1' }
  try {
    await runApp({ cwd: root, env })
  } catch (error) {
    throw inOwnWords(error as Error, settings, options.settingsFile)
  }
  writeFileSync(stamp, digest)
  return assembly
}

/** Errors in the settings name the file that the operator wrote, not the file that was generated from it. */
function inOwnWords({ message }: Error, settings: string, settingsFile: string | undefined): Error {
  const at = message.indexOf(`the settings ${settings}: `)
  if (at < 0 || settingsFile === undefined) return new Error(`the stack cannot be synthesized:\n${message}`)
  return new Error(message.slice(at).replace(`the settings ${settings}`, `SETTINGS_FILE=${settingsFile}`))
}

/**
 * AWS runs an execution for each client; here one process holds thousands of clients, and requests cost nothing. The limits
 * are high enough for all hosts of a company behind one address. Clients above them are told to retry.
 */
const CAPACITY: JsonObject = { waitConcurrency: 10_000, requestsPerSecond: 5000, requestBurst: 20_000 }

/** A build uses two processors. */
const BUILDERS = Math.max(1, Math.floor(availableParallelism() / 2))

/** Concurrent builds by the settings of this machine. */
export function buildersOf({ build }: JsonObject): number {
  const atOnce = isObject(build) ? build.atOnce : undefined
  return typeof atOnce === 'number' ? atOnce : BUILDERS
}

/** Named as in AWS. */
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64'

/** Builds for other architectures run on this machine too. A host without Debian's archive uses the default mirrors. */
export function settingsOf(
  options: Pick<SynthesisOptions, 'suites' | 'settingsFile' | 'capacity'>,
): JsonObject {
  const { suites, settingsFile, capacity = 'machine' } = options
  const host: JsonObject = {
    ...mirrorsOf(suites),
    build: { machines: { x86_64: MACHINE, aarch64: MACHINE }, atOnce: BUILDERS },
    ...(capacity === 'machine' ? { cloud: CAPACITY } : {}),
  }
  if (settingsFile === undefined) return host
  const own = ownSettings(settingsFile)
  const sections = Object.entries(own).map(([name, section]) => {
    const before = host[name]
    return [name, isObject(before) && isObject(section) ? { ...before, ...section } : section]
  })
  return { ...host, ...Object.fromEntries(sections) }
}

function ownSettings(file: string): JsonObject {
  try {
    const own = JSON.parse(readFileSync(file, 'utf8')) as Json
    if (isObject(own)) return own
  } catch (error) {
    throw new Error(`SETTINGS_FILE=${file} is not a JSON file that can be read: ${(error as Error).message}`)
  }
  throw new Error(
    `SETTINGS_FILE=${file} is not a JSON object of settings, such as {"loadTest": {"mode": "off"}}`,
  )
}

/** Uses the mirrors of this host's apt with the default suites, whatever release this host runs. */
function mirrorsOf(suites: readonly Suite[]): JsonObject {
  const main = suites.find(({ mirror }) => mirror.endsWith('/debian'))
  const security = suites.find(({ mirror }) => mirror.endsWith('/debian-security'))
  const { suite: _, mirror: __, ...options } = { ...(main ?? security) }
  const mirrors = {
    ...(main === undefined ? {} : { main: main.mirror }),
    ...(security === undefined ? {} : { security: security.mirror }),
  }
  const debian = { ...options, mirrors }
  if (main === undefined) return { debian }
  const archive = { ...options, mirror: main.mirror }
  return { debian, driverPackages: archive, roots: archive }
}

/** Digest of the sources by their paths relative to `root`, and of the settings. */
function digestOf(root: string, sources: readonly string[], settings: Uint8Array): string {
  const hash = createHash('sha256').update(process.version)
  const add = (name: string, content: Uint8Array) =>
    hash.update(`${name} ${content.length}\n`).update(content)
  for (const file of sources.flatMap((source) => filesOf(root, source)))
    add(file, readFileSync(join(root, file)))
  add('settings', settings)
  return hash.digest('hex')
}

/** The file with that name, or all files in that folder. All paths are relative to `root`. */
function filesOf(root: string, name: string): string[] {
  const path = join(root, name)
  if (statSync(path).isFile()) return [name]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

/** Rejects with the last lines of the app's output. */
async function runApp(options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<void> {
  const args = [join('cdk', 'app.ts')]
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text))
  endWithThisProcess(child)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(said.join('').trimEnd().split('\n').slice(-20).join('\n'))
}
