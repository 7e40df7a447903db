// Runs the buildspec as a machine without a container does: in its own bubblewrap sandbox, with a loopback store.

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { inlineBuildspec } from '../../../cdk/buildspec.ts'
import { BUILD_ENV } from '../../../lib/aws/resources.ts'
import { formatJob, type Job, type JobInput } from '../../../lib/build/job.ts'
import { type BuildReport, readReport } from '../../../lib/build/report.ts'
import { stagingKeys } from '../../../lib/model/keys.ts'
import { CACHE, rootArchive, rootFor } from './roots.ts'
import type { LoopbackStore } from './store.ts'

const spec: BuildSpec = parse(inlineBuildspec())

interface BuildSpec {
  readonly env: { readonly variables: Readonly<Record<string, string>> }
  readonly phases: Readonly<Record<'install' | 'build', { readonly commands: readonly string[] }>>
}

/** The machine that a buildspec runs on. */
export interface Machine {
  /**
   * `user`: in a sandbox as a user without a name; `root`: in a sandbox of root, in which no other sandbox can have its own
   * /proc; `container`: as root (for a user, of a user namespace) without a sandbox
   */
  readonly outer?: 'user' | 'root' | 'container'
  /** the `sh` in `user` and `root`; Debian's own by default */
  readonly shell?: 'bash'
  /** commands of /usr/bin that neither this machine nor its root has */
  readonly hidden?: readonly string[]
  /** lines of sh that the machine runs when the build has ended */
  readonly afterwards?: string
}

export interface Input {
  readonly role: JobInput['role']
  readonly format: JobInput['format']
  readonly body: Buffer
}

export interface Build extends Machine {
  readonly settings: Partial<Job['settings']>
  readonly inputs: readonly Input[]
  /** changes this job so that it is wrong */
  readonly tamper?: (job: Job) => Job
  readonly jobSha256?: string
}

export interface Built {
  readonly exit: number | null
  readonly log: string
  readonly output: string
  readonly probe: Buffer | undefined
  /** the kernel tree that the build made of source and config */
  readonly prepared: Buffer | undefined
  readonly manifest: BuildReport | undefined
  /** the requests of this build, without its claim */
  readonly requests: readonly string[]
}

export const machine = arch() === 'arm64' ? 'aarch64' : 'x86_64'
export const sha256 = (body: Buffer | string) => createHash('sha256').update(body).digest('hex')

export async function build(store: LoopbackStore, order: Build): Promise<Built> {
  const keys = stagingKeys(randomUUID())
  const job = jobOf(store, await withRoots(order), keys, (await rootFor('compilers')).digest)
  const document = formatJob((order.tamper ?? ((same) => same))(job))
  store.objects.set(keys.job, Buffer.from(document))
  const first = store.requests.length
  const { exit, output } = await runSpec(spec, order, {
    [BUILD_ENV.probeKey]: 'a/probe',
    [BUILD_ENV.claim]: keys.job.split('/')[0]!,
    [BUILD_ENV.jobUrl]: store.url(keys.job),
    [BUILD_ENV.jobSha256]: order.jobSha256 ?? sha256(document),
    [BUILD_ENV.stepsRoot]: (await rootFor('steps')).digest,
  })
  return {
    exit,
    output,
    log: store.objects.get(keys.log)?.toString() ?? '',
    probe: store.objects.get(keys.probe),
    prepared: store.objects.get(preparedKey(keys)),
    manifest: readReport(store.objects.get(keys.manifest)),
    requests: store.requests.slice(first).map((line) => line.replace(/ .*\//, ' ')),
  }
}

/** A container has no unpacked root: its builds download the archives. */
async function withRoots(order: Build): Promise<Build> {
  if (order.outer !== 'container') return order
  const steps: Input = { role: 'steps', format: 'tar.gz', body: await rootArchive('steps') }
  const root: Input = { role: 'root', format: 'tar.gz', body: await rootArchive('compilers') }
  return { ...order, inputs: [steps, root, ...order.inputs] }
}

const preparedKey = (keys: ReturnType<typeof stagingKeys>) => keys.job.replace(/[^/]*$/, 'prepared')

function jobOf(store: LoopbackStore, order: Build, keys: ReturnType<typeof stagingKeys>, root: string): Job {
  return {
    settings: {
      KIND: 'kmod',
      ARCH: machine,
      DRIVER_NAME: 'scap',
      DRIVER_VERSION: '1.2.3+driver',
      UNAME_RELEASE: '6.1.0-test',
      RECIPE: 'makefile',
      KERNEL: 'headers',
      TREE: 'tree',
      ROOT: root,
      COMPILER: 'gcc-12',
      CROSS: '-',
      CLANG: order.settings.KIND === 'ebpf' ? 'clang-14' : '-',
      MAX_PROBE_BYTES: '33554432',
      COMPILE_SECONDS: '120',
      ...order.settings,
    },
    inputs: order.inputs.map(({ role, format, body }) => {
      store.objects.set(sha256(body), body)
      return { role, format, sha256: sha256(body), bytes: body.length, url: store.url(sha256(body)) }
    }),
    outputs: {
      probe: store.url(keys.probe),
      log: store.url(keys.log),
      manifest: store.url(keys.manifest),
      ...(order.settings.KERNEL === 'source' ? { prepared: store.url(preparedKey(keys)) } : {}),
    },
  }
}

/** An id without a name: builds have one on a machine where all else belongs to root. */
const NOBODY = 64055

/** Runs the commands of a buildspec, as parsed from its text. */
export function runSpec(
  spec: BuildSpec,
  { outer, shell, hidden = [], afterwards = ':' }: Machine,
  variables: Readonly<Record<string, string>>,
) {
  const env = { PATH: '/usr/bin:/usr/sbin', ...spec.env.variables, ...variables }
  const last = `afterwards() {\n${afterwards}\n}\ntrap afterwards EXIT`
  const script = [last, ...spec.phases.install.commands, ...spec.phases.build.commands].join('\n')
  const [command, ...args] = [...around(outer, hidden, shell), '/bin/sh', '-ec', script]
  return ended(spawn(command!, args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe', ...LEFT_OPEN] }))
}

/** Descriptor 40 of the process that started the machine and left it open: no build may have it. */
const LEFT_OPEN = [...Array<'ignore'>(37).fill('ignore'), 'pipe' as const]

const isRoot = process.getuid?.() === 0

/** The command that creates the machine of the build, and runs another command in it. */
function around(outer: Build['outer'], hidden: readonly string[], shell: Build['shell']): string[] {
  const sh = shell === undefined ? [] : ['--ro-bind', `/usr/bin/${shell}`, realpathSync('/usr/bin/sh')]
  const bwrap = ['bwrap', ...outerOptions(hidden), ...sh]
  switch (outer) {
    case 'container': {
      const unshare = ['unshare', ...(isRoot ? [] : ['--map-root-user']), '--mount', '--pid', '--kill-child']
      return [...unshare, '--mount-proc', 'sh', '-ec', 'mount -t tmpfs tmp /tmp; exec "$@"', 'sh']
    }
    case 'root':
      return bwrap
    default: {
      const setpriv = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
      return isRoot ? [...setpriv, ...bwrap] : bwrap
    }
  }
}

const outerOptions = (hidden: readonly string[]): string[] => [
  ...['--unshare-all', '--share-net', '--die-with-parent', '--new-session'],
  ...['--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/sbin', '/sbin'],
  ...['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
  ...['--ro-bind', '/etc/alternatives', '/etc/alternatives', '--ro-bind-try', '/etc/hosts', '/etc/hosts'],
  ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--dir', '/codebuild/src'],
  ...['--ro-bind', join(CACHE, 'roots'), '/roots'],
  ...hidden
    .flatMap((tool) => [`/usr/bin/${tool}`, ...inRoots(tool)])
    .flatMap((file) => ['--ro-bind', '/dev/null', file]),
  ...['--chdir', '/codebuild/src'],
]

/** The path of that command in the roots of this user. */
const inRoots = (tool: string): string[] =>
  readdirSync(join(CACHE, 'roots'))
    .map((digest) => join(digest, 'usr/bin', tool))
    .filter((file) => existsSync(join(CACHE, 'roots', file)))
    .map((file) => `/roots/${file}`)

function ended(child: ChildProcess): Promise<{ exit: number | null; output: string }> {
  let output = ''
  const keep = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exit) => resolve({ exit, output }))
  })
}
