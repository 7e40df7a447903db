// A function's console, as a file that does not grow without bound.

import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface FunctionLog {
  write(chunk: Buffer): void
  line(text: string): void
}

const MAX_BYTES = 16 * 1024 * 1024

/** Appends to `{dir}/{name}.log`; what is full becomes `{name}.log.1`. */
export function openFunctionLog(dir: string, name: string): FunctionLog {
  mkdirSync(dir, { recursive: true })
  const file = join(dir, `${name}.log`)
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
    stream.write(chunk)
  }
  return { write, line: (text) => write(Buffer.from(`${text}\n`)) }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
