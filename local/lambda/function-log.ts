// A function's console, as a file that does not grow without bound.

import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isObject, type Json, type JsonObject } from '../wire/json.ts'
import { linesOf } from './lines.ts'

export interface FunctionLog {
  write(chunk: Buffer): void
  /** of the stack itself, beside what the function writes */
  line(text: string): void
  /** the same of Lambda, as one line of JSON */
  entry(told: JsonObject): void
}

const MAX_BYTES = 16 * 1024 * 1024

/** Appends to `{dir}/{name}.log`; what is full becomes `{name}.log.1`. `onEntry`: hears the message of each entry. */
export function openFunctionLog(dir: string, name: string, onEntry: (message: Json) => void): FunctionLog {
  mkdirSync(dir, { recursive: true })
  const file = join(dir, `${name}.log`)
  // What cannot be written, as on a full disk, is lost; what comes after it is not.
  const open = () => createWriteStream(file, { flags: 'a', mode: 0o600 }).on('error', () => {})
  let stream = open()
  let size = sizeOf(file)
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

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
