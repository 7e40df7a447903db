// Reads the logs of a local registry, running or stopped: a current and a previous file per function.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LogLine, lineOf } from './line.ts'
import type { ReadLines } from './of-probe.ts'

/** File names as local/lambda/function-log.ts writes them, with the function names of the template. */
const FILE = /^(?:ProbeRegistry-)?(.+?)(?:[0-9A-F]{8})?\.log(?:\.1)?$/

/** @throws {Error} with a readable message if no registry has written to the folder */
export function readHere(folder: string, since: number): ReadLines {
  const dir = join(folder, 'logs')
  const files = filesIn(dir, folder)
  return async (texts) =>
    files.flatMap((file) =>
      linesIn(join(dir, file), functionOf(file), texts).filter((line) => line.time >= since),
    )
}

function filesIn(dir: string, folder: string): string[] {
  try {
    return readdirSync(dir).filter((name) => FILE.test(name))
  } catch (cause) {
    throw new Error(
      `no registry has written logs into ${folder} (${dir} cannot be read): say where it is by --data or --stack`,
      { cause },
    )
  }
}

const functionOf = (file: string): string => FILE.exec(file)?.[1] ?? file

/** A file has at most 16 MB: then it becomes the previous file. */
function linesIn(file: string, from: string, texts: readonly string[]): LogLine[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines
    .filter((line) => texts.some((text) => line.includes(text)))
    .map((line) => lineOf(from, line, Number.NaN))
    .filter(({ time }) => !Number.isNaN(time))
}
