// The cloud assembly of this machine: its settings, and `cdk/app.ts` run over them when anything has changed.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { remove, writeJson } from '../wire/files.ts'
import { isObject, type Json, type JsonObject } from '../wire/json.ts'
import type { Suite } from './apt-sources.ts'

interface SynthesisOptions {
  /** folder of the project */
  readonly root: string
  readonly dataDir: string
  readonly suites: readonly Suite[]
  /** JSON laid over the settings of this machine */
  readonly settingsFile: string | undefined
  /** default `machine`: as many clients as this machine holds; `account`: as many as an account of AWS that is new */
  readonly capacity?: 'machine' | 'account'
  readonly log: (line: string) => void
}

/** What the assembly is made of. */
const SOURCES = ['buildspecs', 'cdk', 'functions', 'lib', 'package-lock.json']

/** Gives the folder of the assembly. A crash leaves no digest, and then the next start synthesizes again. */
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
  const environment = { ...process.env, CDK_OUTDIR: assembly, PROBE_SETTINGS: settings, PROBE_LOCAL: '1' }
  try {
    await run(process.execPath, [join('cdk', 'app.ts')], { cwd: root, env: environment })
  } catch (error) {
    throw inOwnWords(error as Error, settings, options.settingsFile)
  }
  writeFileSync(stamp, digest)
  return assembly
}

/** What is wrong with the settings is said of the file that a person wrote, not of what was made of it. */
function inOwnWords({ message }: Error, settings: string, settingsFile: string | undefined): Error {
  const at = message.indexOf(`the settings ${settings}: `)
  if (at < 0 || settingsFile === undefined) return new Error(`the stack cannot be synthesized:\n${message}`)
  return new Error(message.slice(at).replace(`the settings ${settings}`, `SETTINGS_FILE=${settingsFile}`))
}

/**
 * One process holds thousands of clients where the cloud has an execution for each, and nobody pays for their requests: a
 * company of hosts behind one door is let in. Beyond it they are told to come again.
 */
const CAPACITY: JsonObject = { waitConcurrency: 10_000, requestsPerSecond: 5000, requestBurst: 20_000 }

/** A build keeps two processors busy. */
const BUILDERS = Math.max(1, Math.floor(availableParallelism() / 2))

/** Builds at one time, by the settings of this machine. */
export function buildersOf({ build }: JsonObject): number {
  const atOnce = isObject(build) ? build.atOnce : undefined
  return typeof atOnce === 'number' ? atOnce : BUILDERS
}

/** As the cloud calls them. */
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64'

/**
 * Another architecture's probes are built here, too. A host without Debian's archive keeps the mirrors of the defaults.
 */
export function settingsOf({
  suites,
  settingsFile,
  capacity = 'machine',
}: Pick<SynthesisOptions, 'suites' | 'settingsFile' | 'capacity'>): JsonObject {
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

/** From where this host's own apt has Debian: the suites are those of the defaults, whatever release this host is. */
function mirrorsOf(suites: readonly Suite[]): JsonObject {
  const main = suites.find(({ mirror }) => mirror.endsWith('/debian'))
  const security = suites.find(({ mirror }) => mirror.endsWith('/debian-security'))
  const { suite: _, mirror: __, ...options } = { ...(main ?? security) }
  const mirrors = {
    ...(main === undefined ? {} : { main: main.mirror }),
    ...(security === undefined ? {} : { security: security.mirror }),
  }
  const archive = main === undefined ? undefined : { ...options, mirror: main.mirror }
  return {
    debian: { ...options, mirrors },
    ...(archive === undefined ? {} : { driverPackages: archive, roots: archive }),
  }
}

/** Of names below `root`, whatever that is called, and of the settings. */
function digestOf(root: string, sources: readonly string[], settings: Uint8Array): string {
  const hash = createHash('sha256').update(process.version)
  const add = (name: string, content: Uint8Array) =>
    hash.update(`${name} ${content.length}\n`).update(content)
  for (const file of sources.flatMap((source) => filesOf(root, source)))
    add(file, readFileSync(join(root, file)))
  add('settings', settings)
  return hash.digest('hex')
}

/** The file of that name below `root`, or all that are in that folder; each by its name below `root`. */
function filesOf(root: string, name: string): string[] {
  const path = join(root, name)
  if (statSync(path).isFile()) return [name]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

/** Rejects with the last lines of what the command said. */
function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      process.off('exit', killed)
      if (code === 0) return resolve()
      const tail = said.join('').trimEnd().split('\n').slice(-20).join('\n')
      reject(new Error(tail))
    })
  })
}
