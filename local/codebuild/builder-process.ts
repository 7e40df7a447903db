// The builder's process: starts each build in its sandbox, and ends with the stack. It has an empty environment, its standard
// streams and one channel to the stack.

import { once } from 'node:events'
import { closeSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { giveWay } from '../priority.ts'
import { unpackRoots } from '../roots.ts'
import type { FromBuilder, Order, ToBuilder } from './builder-protocol.ts'
import { openSandbox, type Running, removeFolder } from './sandbox.ts'

/** Maximum bytes of a build's log. The rest is dropped before it fills the channel. */
const MAX_LOG = 64 * 1024 * 1024
/** O_CLOEXEC of fcntl.h */
const CLOSE_ON_EXEC = 0o2000000

/** Closes inherited files that a sandbox would inherit, too, e.g. LevelDB's. Files that this process opens close on exec. */
function closeInherited(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) if (fd > 2 && !closesOnExec(fd)) closeSync(fd)
}

function closesOnExec(fd: number): boolean {
  try {
    const [, flags = ''] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? []
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0
  } catch (error) {
    // This was the descriptor that listed the folder.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
}

/** Functions that end a running build, by its run number. */
const kills = new Map<number, () => void>()

const tell = (message: FromBuilder): void => void process.send?.(message)

async function run(id: number, order: Order): Promise<void> {
  try {
    // If the build is killed before it starts, it must not start.
    let killed = false
    kills.set(id, () => {
      killed = true
    })
    await unpackRoots(order.roots)
    if (killed) throw new Error('The build was ended before it began')
    const started = openSandbox(join(order.roots.unpacked, order.image)).run(order)
    kills.set(id, started.kill)
    const failure = await follow(id, started).finally(() => removeFolder(started.folder))
    tell({ tag: 'ended', run: id, failure })
  } catch (error) {
    tell({ tag: 'ended', run: id, failure: error instanceof Error ? error.message : String(error) })
  } finally {
    kills.delete(id)
  }
}

/** Resolves when the sandbox has ended: to the reason if it failed, otherwise to undefined. Rejects if it cannot start. */
async function follow(id: number, { process: child }: Running): Promise<string | undefined> {
  const output = bounded((bytes) => tell({ tag: 'output', run: id, bytes }))
  child.stdout!.on('data', output)
  child.stderr!.on('data', output)
  createInterface({ input: child.stdio[3] as Readable }).on('line', (line) =>
    tell({ tag: 'told', run: id, line }),
  )
  const [code, signal] = await once(child, 'close')
  return code === 0 ? undefined : `The build ended with ${signal ?? `exit status ${code}`}`
}

function bounded(write: (bytes: Uint8Array) => void): (chunk: Buffer) => void {
  let size = 0
  return (chunk) => {
    if (size > MAX_LOG) return
    size += chunk.length
    write(size > MAX_LOG ? Buffer.from('\n[Container] the log is too long: the rest is left out\n') : chunk)
  }
}

closeInherited()
giveWay()
process.on('message', (message: ToBuilder) => {
  if (message.tag === 'run') void run(message.run, message.order)
  else kills.get(message.run)?.()
})
process.on('disconnect', () => {
  for (const kill of kills.values()) kill()
  process.exit()
})
