// Writes an archive under a temporary name, readable only by this user, and renames it when it is complete.

import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { endOfArchive, fileHead, filePadding } from '../../lib/formats/tar-pack.ts'
import { MODE, mostOf, SUMS, sumLine } from './form.ts'

export interface Writer {
  /** `body` must have exactly `bytes` bytes. @throws {Error} for a path that no archive may contain. */
  add(path: string, bytes: number, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>
}

const CHUNK = 1024 * 1024

/**
 * `fill` writes the parts and `check` reads the file back; then the file gets its final name. A failure
 * leaves nothing behind. A crash leaves a file whose name ends in `.partial`.
 * @throws {Error} if a file with the final name exists.
 */
export async function writeArchive(
  file: string,
  fill: (writer: Writer) => Promise<void>,
  check: (partial: string) => Promise<void>,
): Promise<void> {
  await refuseExisting(file)
  const partial = join(dirname(resolve(file)), `.${basename(file)}-${randomUUID()}.partial`)
  const abandon = abandonOnSignals(partial)
  try {
    const handle = await open(partial, 'wx', MODE)
    try {
      await writeParts(handle, fill)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await check(partial)
    await give(partial, file)
  } finally {
    await rm(partial, { force: true })
    abandon()
  }
}

async function writeParts(handle: FileHandle, fill: (writer: Writer) => Promise<void>): Promise<void> {
  const sums: string[] = []
  const entry = async (path: string, bytes: number, body: Parameters<Writer['add']>[2]) => {
    const hash = createHash('sha256')
    let written = 0
    await handle.writeFile(fileHead(path, MODE, bytes))
    for await (const chunk of body) {
      hash.update(chunk)
      written += chunk.length
      await handle.writeFile(chunk)
    }
    if (written !== bytes) throw new Error(`${path} changed while it was read: try again`)
    await handle.writeFile(filePadding(bytes))
    sums.push(sumLine(hash.digest('hex'), path))
  }
  await fill({
    add: async (path, bytes, body) => {
      const most = mostOf(path)
      if (most !== undefined && bytes > most)
        throw new Error(`${path} has more than the ${most} bytes allowed`)
      await entry(path, bytes, body)
    },
  })
  const text = Buffer.from(sums.join(''))
  await entry(SUMS, text.length, [text])
  await handle.writeFile(endOfArchive())
}

/** Reads a range of an open file. */
export async function* bytesOf(handle: FileHandle, start: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < start + bytes; ) {
    const buffer = Buffer.alloc(Math.min(CHUNK, start + bytes - at))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function refuseExisting(file: string): Promise<void> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found !== undefined) throw exists(file)
}

const exists = (file: string): Error =>
  new Error(`${file} is there already, and is not replaced: name another file`)

/**
 * link(2) never replaces a file. On a file system without links, a rename could replace a file that appeared
 * just before.
 */
async function give(partial: string, file: string): Promise<void> {
  try {
    await link(partial, file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw exists(file)
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    await refuseExisting(file)
    await rename(partial, file)
  }
  const folder = await open(dirname(resolve(file)))
  await folder.sync().finally(() => folder.close())
}

/** Removes the partial file on a signal, because it may contain part of the signing key. */
function abandonOnSignals(partial: string): () => void {
  const stop = (): void => {
    void rm(partial, { force: true }).finally(() => process.exit(2))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
  }
}
