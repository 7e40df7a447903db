// `npm start`: reads this machine's settings, synthesizes the stack, and runs it until Ctrl-C.

import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, statfsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openSandbox } from './codebuild/sandbox.ts'
import { seededFaults } from './faults.ts'
import { faster, OF_AWS } from './lambda/pace.ts'
import type { Address } from './metrics/watch.ts'
import { cacheFolder, type RootPlaces, rootPlaces } from './roots.ts'
import { type Stack, startStack } from './stack.ts'
import { aptSuites } from './start/apt-sources.ts'
import { tellDriverPlaces } from './start/driver-places.ts'
import { firstRoot } from './start/first-root.ts'
import { buildersOf, settingsOf as hostSettings, synthesize } from './start/synthesize.ts'
import { type Form, lineOf, type Step } from './story/story.ts'

/** Milliseconds until a slow stop is cut off. The next start does the rest. */
const STOP_MS = 9500
/** The same limit for a stack that is still starting. */
const STOP_START_MS = 1500
const SIGNALS = ['SIGINT', 'SIGTERM'] as const
const ROOT = join(import.meta.dirname, '..')

const ARGS = process.argv.slice(2)

/** With `--json`, standard output contains only the steps. */
const say = (line: string): void => (ARGS.includes('--json') ? console.error(line) : console.log(line))

const FORMS: Readonly<Record<string, Form>> = { '--quiet': 'quiet', '--json': 'json' }

const STRICT = /^--strict(?:=([\w.-]{1,64}))?$/

/** Parses the arguments of `npm start -- ...`. `strict`: a seed. */
function told(args: readonly string[]) {
  const unknown = args.find((arg) => !(arg in FORMS) && !STRICT.test(arg))
  if (unknown !== undefined)
    throw new Error(
      `${unknown} is not an option. Options are --quiet (print no steps of probes), --json (print them as JSON), and --strict (have the quotas and faults of an AWS account; --strict=SEED repeats those of an earlier start)`,
    )
  const strict = args.find((arg) => STRICT.test(arg))
  const form = args.findLast((arg) => arg in FORMS)
  return {
    form: FORMS[form ?? ''] ?? 'text',
    strict: strict === undefined ? undefined : (STRICT.exec(strict)?.[1] ?? randomBytes(4).toString('hex')),
  }
}

/** Free space for this user, in GB. */
function roomIn(folder: string): string {
  const { bavail, bsize } = statfsSync(folder)
  return `${((bavail * bsize) / 1e9).toFixed(1)} GB`
}

function settingsOf(env: NodeJS.ProcessEnv) {
  const port = Number(env.PORT || 8080)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PORT=${env.PORT} is not a port from 0 to 65535`)
  const publicUrl = env.PUBLIC_URL?.replace(/\/+$/, '') || undefined
  if (publicUrl !== undefined && !/^https?:\/\/[^/?#@\s]+$/.test(publicUrl))
    throw new Error(`PUBLIC_URL=${env.PUBLIC_URL} is not of the form http://host:port`)
  return {
    port,
    host: env.HOST || '127.0.0.1',
    dataDir: resolve(env.DATA_DIR || '.data'),
    publicUrl,
    settingsFile: env.SETTINGS_FILE || undefined,
    metrics: metricsOf(env),
    /** bytes that must be free for new work */
    room: megabytes('DATA_ROOM', env.DATA_ROOM || ROOM),
    cacheRoom: megabytes('CACHE_ROOM', env.CACHE_ROOM || CACHE_ROOM),
  }
}

/** The fraction of AWS's delays after which events are retried. */
function paceOf({ STRICT_PACE = '1' }: NodeJS.ProcessEnv): number {
  const part = Number(STRICT_PACE)
  if (part > 0 && part <= 1) return part
  throw new Error(`STRICT_PACE=${STRICT_PACE} must be above 0 and at most 1`)
}

/** Off by default, because the metrics are for the operator. */
function metricsOf({ METRICS, PORT }: NodeJS.ProcessEnv): Address | undefined {
  if (!METRICS) return undefined
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/i.exec(METRICS) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || port < 1 || port > 65_535)
    throw new Error(`METRICS=${METRICS} is not of the form 127.0.0.1:9090`)
  if (port === Number(PORT || 8080))
    throw new Error(`METRICS=${METRICS} has the port of the registry itself: name another`)
  return { host, port }
}

/** Default in megabytes. A build leaves some tens of megabytes: its inputs, its tree, its root. */
const ROOM = '512'
/** Default in megabytes. A kernel's packages and source have some hundred megabytes, and a root has as many. */
const CACHE_ROOM = '20000'

function megabytes(name: string, text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new Error(`${name}=${text} is not a number of megabytes`)
  return Number(text) * 1e6
}

/** Checks that this kernel lets this user create a sandbox, so that the start fails and not only the first build. */
function checkSandbox({ unpacked }: RootPlaces): void {
  const root = readdirSync(unpacked).find((name) => existsSync(join(unpacked, name, 'usr/bin/bwrap')))
  if (root !== undefined) openSandbox(join(unpacked, root))
}

async function start(): Promise<Stack> {
  const { form, strict } = told(ARGS)
  const { dataDir, settingsFile, metrics, ...others } = settingsOf(process.env)
  const suites = aptSuites()
  const cache = cacheFolder(process.env)
  const roots = rootPlaces(cache)
  const assembly = async () => {
    const capacity = strict === undefined ? 'machine' : 'account'
    const synthesized = await synthesize({ root: ROOT, dataDir, settingsFile, suites, capacity, log: say })
    const { roots: archive = {}, network = {} } = hostSettings({ suites, settingsFile })
    await firstRoot({ root: ROOT, cache, settings: { archive, network } })
    checkSandbox(roots)
    return synthesized
  }
  const tell = (step: Step): void => {
    const line = lineOf(step, form)
    if (line !== undefined) console.log(line)
  }
  const builders = buildersOf(hostSettings({ suites, settingsFile }))
  const limits =
    strict === undefined
      ? { executions: EXECUTIONS }
      : { faults: seededFaults(strict), pace: faster(OF_AWS, paceOf(process.env)), apart: true }
  const stack = await startStack({
    ...{ assembly, dataDir, roots, log: say, onLost: giveUp, tell },
    ...{ builders, ...limits, ...others },
    ...(metrics === undefined ? {} : { metrics }),
  })
  say(`state: ${dataDir}, logs: ${join(dataDir, 'logs')}, free space: ${roomIn(dataDir)}`)
  if (strict !== undefined) tellStrict(strict, stack.inert)
  if (stack.metricsUrl !== undefined) say(`health and metrics: ${stack.metricsUrl}/metrics`)
  if (suites.some(({ checkValidUntil }) => checkValidUntil === false))
    say('like apt on this machine (apt.conf), the registry accepts package lists after their Valid-Until')
  return stack
}

function tellStrict(seed: string, inert: readonly string[]): void {
  say(
    `strict: the quotas of a new AWS account and the faults of a seed; repeat them by npm start -- --strict=${seed}`,
  )
  say(`strict: these parts of the template have no effect here: ${inert.join(', ')}`)
}

/** 13,000 of them are reserved for waiting requests (start/synthesize.ts); all other functions share the rest. */
const EXECUTIONS = 23_000

function giveUp(why: string): void {
  console.error(`stopped: ${why}`)
  process.exit(1)
}

function explain(error: unknown): string {
  const { code, message, port } =
    error instanceof Error ? (error as NodeJS.ErrnoException & Partial<Address>) : { message: String(error) }
  const { METRICS, PORT } = process.env
  if (code === 'EADDRINUSE' && port !== Number(PORT || 8080))
    return `METRICS=${METRICS} is in use: name another port`
  if (code === 'EADDRINUSE') return `port ${PORT || 8080} is in use: set PORT to another`
  return message
}

/** Stops the stack at the first signal. A second signal exits at once. */
function stopOn(stack: Promise<Stack>): void {
  let started = false
  stack.then(
    () => {
      started = true
    },
    () => {},
  )
  const stop = (): void => {
    for (const signal of SIGNALS) process.once(signal, () => process.exit(1))
    say('stopping: running downloads have some seconds to finish; the next Ctrl-C stops at once')
    setTimeout(() => process.exit(0), started ? STOP_MS : STOP_START_MS)
    const stopped = stack.then(async (running) => {
      await running.drain()
      await running.stop()
    })
    void stopped.finally(() => process.exit(0))
  }
  for (const signal of SIGNALS) process.once(signal, stop)
}

const stack = start()
stopOn(stack)
try {
  const { url } = await stack
  say(`ready ${url}`)
  const { settingsFile } = settingsOf(process.env)
  tellDriverPlaces(ROOT, hostSettings({ suites: aptSuites(), settingsFile }))
} catch (error) {
  console.error(`cannot start: ${explain(error)}`)
  process.exit(1)
}
