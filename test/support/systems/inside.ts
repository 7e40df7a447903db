// A command in a system of files of its own, entered as a machine is booted: by pivot_root, as in a plain chroot the
// kernel refuses user namespaces. The network is this machine's.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Command {
  readonly command: readonly string[]
  /** all the variables that it sees */
  readonly env: Readonly<Record<string, string>>
  /** after which it is killed */
  readonly seconds: number
  /** takes each line as it comes */
  readonly say: (line: string) => void
}

export interface Running {
  /** everything that it wrote so far */
  output(): string
  /** resolves to its exit status; rejects when it was killed for its time */
  readonly ended: Promise<number>
  /** Ctrl-C: reaches all that it started */
  interrupt(): void
}

/** Mounts are seen in here only, and gone with the last process. The shell stays, as the init of what it starts. */
const ENTER = `set -e
cd "$1"
mount --bind . .
cd "$1"
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
pivot_root . .
umount -l .
cd "$2"
shift 2
"$@"`

/** `root`: the folder that is its `/`; `folder`: where in it the command starts. */
export const startInside = (root: string, folder: string, command: Command): Running =>
  start({ ...command, command: ['sh', '-c', ENTER, 'sh', root, folder, ...command.command] })

/** On this machine's own files. What it mounts is gone when it ends, and so is all that it started. */
export function start({ command, env, seconds, say }: Command): Running {
  // However this process ends, unshare ends with it, and with unshare all that runs in there.
  const bound = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--']
  const child = spawn('setpriv', [...bound, ...command], {
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collect(child, say)
  const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1000)
  const ended = once(child, 'close').then(([code, signal]: (number | string | null)[]) => {
    clearTimeout(late)
    if (typeof code === 'number') return code
    throw new Error(`ended by ${signal}, it had ${seconds} s:\n${output()}`)
  })
  ended.catch(() => {})
  const interrupt = () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGINT')
  }
  return { output, ended, interrupt }
}

function collect(child: ChildProcess, say: (line: string) => void): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) say(line)
    })
  }
  return () => text
}
