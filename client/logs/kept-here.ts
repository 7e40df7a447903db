// The logs of a registry that runs on this machine, or has run: a file for each function, and the one before it.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LogLine, lineOf } from './line.ts'
import type { ReadLines } from './of-probe.ts'

/** As local/lambda/function-log.ts names them, by the functions of the template. */
const FILE = /^(?:ProbeRegistry-)?(.+?)(?:[0-9A-F]{8})?\.log(?:\.1)?$/

/** Error, for a person, where no registry has written there. */
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

/** 16 MB at most, as it becomes the one before then. */
function linesIn(file: string, from: string, texts: readonly string[]): LogLine[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines
    .filter((line) => texts.some((text) => line.includes(text)))
    .map((line) => lineOf(from, line, Number.NaN))
    .filter(({ time }) => !Number.isNaN(time))
}
