// Writes a function's console output to a file of bounded size.

import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isObject, type Json, type JsonObject } from '../wire/json.ts'
import { linesOf } from './lines.ts'

export interface FunctionLog {
  write(chunk: Buffer): void
  /** writes a line of the stack itself into the function's log */
  line(text: string): void
  /** writes an entry of Lambda itself, as one line of JSON */
  entry(told: JsonObject): void
}

const MAX_BYTES = 16 * 1024 * 1024

/** Appends to `{dir}/{name}.log`; a full file becomes `{name}.log.1`. `onEntry` gets the message of each entry. */
export function openFunctionLog(dir: string, name: string, onEntry: (message: Json) => void): FunctionLog {
  mkdirSync(dir, { recursive: true })
  const file = join(dir, `${name}.log`)
  // If a write fails, e.g. because the disk is full, its text is lost; later writes open the file again.
  const open = () => createWriteStream(file, { flags: 'a', mode: 0o600 }).on('error', () => {})
  let stream = open()
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const write = (chunk: Buffer): void => {
    if (size > MAX_BYTES) {
      stream.end()
      renameSync(file, `${file}.1`)
      stream = open()
      size = 0
    }
    size += chunk.length
    if (stream.destroyed) stream = open()
    stream.write(chunk)
  }
  const entry = (told: JsonObject): void => write(Buffer.from(`${JSON.stringify(told)}\n`))
  const hear = linesOf((text) => onEntry(messageOf(text)))
  return {
    write: (chunk) => {
      write(chunk)
      hear(chunk)
    },
    line: (text) => entry({ timestamp: new Date().toISOString(), message: text }),
    entry,
  }
}

function messageOf(line: string): Json {
  try {
    const entry = JSON.parse(line) as Json
    return isObject(entry) ? (entry.message ?? null) : null
  } catch {
    return null
  }
}
