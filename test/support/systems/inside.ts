// Runs a command in its own root file system, entered by pivot_root as at boot, because in a plain chroot the kernel refuses
// user namespaces. It shares this machine's network.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Command {
  readonly command: readonly string[]
  /** its complete environment */
  readonly env: Readonly<Record<string, string>>
  /** time limit, after which it is killed */
  readonly seconds: number
  /** receives each line of output at once */
  readonly say: (line: string) => void
}

export interface Running {
  /** its output so far */
  output(): string
  /** resolves to its exit status; rejects if it was killed at its time limit */
  readonly ended: Promise<number>
  /** Sends Ctrl-C to it and to all its children. */
  interrupt(): void
}

/** The mounts are visible only inside, and end with the last process. The shell stays as the init of its children. */
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

/** Runs it on this machine's own files. Its mounts and its child processes end with it. */
export function start({ command, env, seconds, say }: Command): Running {
  // unshare ends together with this process, however that ends, and everything inside ends with unshare.
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
