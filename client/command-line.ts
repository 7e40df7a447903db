// The command line of a command: as it is meant, or refused as one that is used wrongly.

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** The command line is wrong, or a file that it names is not there. */
export class UsageError extends Error {}

export const said = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** UsageError. */
export function readLine<const T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(said(error))
  }
}
