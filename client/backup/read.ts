// Reads a backup from any source. It uses nothing of the archive before it has checked all of it.

import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { text } from '../../lib/formats/tar.ts'
import { endOfArchive, fileHead, filePadding } from '../../lib/formats/tar-pack.ts'
import {
  FORM,
  formSchema,
  HEADER,
  type Header,
  headerSchema,
  MODE,
  MOST_HEADER,
  MOST_SUMS,
  mostOf,
  SUMS,
  sumLine,
} from './form.ts'
import { bytesOf } from './write.ts'

export interface Part {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** byte offset in the archive */
  readonly start: number
}

export interface Archive {
  readonly header: Header
  /** by path, in archive order, without the header and the checksums */
  readonly parts: ReadonlyMap<string, Part>
  /** Reads a part again. @throws {Error} if the part has changed since the archive was opened. */
  read(part: Part): AsyncIterable<Uint8Array>
  /** Reads a small JSON file completely into memory. */
  json(part: Part): Promise<unknown>
  /** The open archive, for reading byte ranges. */
  readonly file: FileHandle
  close(): Promise<void>
}

const BLOCK = 512
const MOST_PARTS = 2_000_000

const broken = (why: string): Error => new Error(`it is not a complete backup of a registry: ${why}`)

/**
 * Reads the archive to its end.
 * @throws {Error} with a readable message for an archive that is truncated, changed, of a newer format, or
 * not a backup.
 */
export async function openArchive(file: string): Promise<Archive> {
  const handle = await open(file)
  try {
    const { header, entries } = await entriesOf(handle)
    await checkSums(handle, entries)
    const parts = new Map(entries.slice(1, -1).map((part) => [part.path, part]))
    const read = (part: Part) => same(handle, part)
    return {
      ...{ header, parts, read, file: handle },
      json: async (part) => parsed(await whole(read(part)), part.path),
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * Lists all entries with their digests. The header comes first: this software must not judge the contents of
 * a newer format.
 */
async function entriesOf(handle: FileHandle): Promise<{ header: Header; entries: Part[] }> {
  const { size } = await handle.stat()
  const entries: Part[] = []
  let header: Header | undefined
  const seen = new Set<string>()
  let at = 0
  for (;;) {
    const block = await exactly(handle, at, BLOCK)
    if (block.every((byte) => byte === 0)) break
    const part = await entryAt(handle, at, block, size)
    if (entries.length === 0 && part.path !== HEADER) throw broken(`it does not begin with ${HEADER}`)
    if (seen.has(part.path)) throw broken(`${part.path} is in it twice`)
    if (seen.add(part.path).size > MOST_PARTS) throw broken(`it has more than ${MOST_PARTS} files`)
    header ??= await headerOf(handle, part)
    entries.push(part)
    at = part.start + part.bytes + filePadding(part.bytes).length
  }
  if (size !== at + endOfArchive().length) throw broken('it goes on after its end, or is cut off')
  if (!(await exactly(handle, at, size - at)).equals(endOfArchive())) throw broken('its end is changed')
  if (header === undefined) throw broken('it is empty')
  return { header, entries }
}

async function entryAt(handle: FileHandle, at: number, block: Buffer, size: number): Promise<Part> {
  const path = text(block, 0, 100)
  const bytes = Number.parseInt(text(block, 124, 12), 8)
  const most = path === HEADER ? MOST_HEADER : path === SUMS ? MOST_SUMS : mostOf(path)
  if (most === undefined) throw broken(`${JSON.stringify(path)} is not a file of a backup`)
  if (!(bytes >= 0 && bytes <= most)) throw broken(`${path} has a size that it cannot have`)
  if (!block.equals(fileHead(path, MODE, bytes))) throw broken(`the header of ${path} is changed`)
  const start = at + BLOCK
  const padding = filePadding(bytes)
  if (start + bytes + padding.length > size) throw broken('it is cut off')
  if (!(await exactly(handle, start + bytes, padding.length)).equals(padding))
    throw broken(`the padding after ${path} is changed`)
  return { path, bytes, start, sha256: await digestOf(bytesOf(handle, start, bytes)) }
}

async function headerOf(handle: FileHandle, first: Part): Promise<Header> {
  const value = parsed(await whole(bytesOf(handle, first.start, first.bytes)), HEADER)
  const form = formSchema.safeParse(value)
  if (!form.success) throw broken(`${HEADER} is not the header of one`)
  if (form.data.form > FORM)
    throw new Error(
      `it is a backup of a newer version of this software (form ${form.data.form}; this one knows ${FORM}): restore it with that version`,
    )
  const header = headerSchema.safeParse(value)
  if (!header.success) throw broken(`${HEADER} lacks ${header.error.issues[0]?.path.join('.')}`)
  return header.data
}

/** Checks that the archive has exactly these files, in this order, with these digests. */
async function checkSums(handle: FileHandle, entries: readonly Part[]): Promise<void> {
  const last = entries.at(-1)
  if (last?.path !== SUMS) throw broken(`it does not end with ${SUMS}`)
  const said = (await whole(bytesOf(handle, last.start, last.bytes))).toString('latin1').split('\n')
  const others = entries.slice(0, -1)
  const wrong = others.findIndex(({ sha256, path }, at) => `${said[at]}\n` !== sumLine(sha256, path))
  if (wrong >= 0) throw broken(`${others[wrong]!.path} does not match ${SUMS}`)
  if (said.length !== others.length + 1 || said.at(-1) !== '')
    throw broken(`${SUMS} names files that it lacks`)
}

async function* same(handle: FileHandle, part: Part): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of bytesOf(handle, part.start, part.bytes)) {
    hash.update(chunk)
    yield chunk
  }
  if (hash.digest('hex') !== part.sha256) throw broken(`${part.path} changed while it was read`)
}

async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

async function exactly(handle: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const found = await whole(bytesOf(handle, at, bytes))
  if (found.length !== bytes) throw broken('it is cut off')
  return found
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

function parsed(body: Buffer, path: string): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw broken(`${path} is not JSON`)
  }
}
