// Parses the command line of a command, and refuses wrong usage.

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** The command line is wrong, or a file that it names does not exist. */
export class UsageError extends Error {}

export const said = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** @throws {UsageError} */
export function readLine<const T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(said(error))
  }
}
