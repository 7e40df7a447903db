// Reads the settings of a deployment from an operator's file.

import { readFileSync } from 'node:fs'
import { type AllSettings, DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { overlay } from '../lib/model/overlay.ts'
import { jsonOf, parseOwn } from '../lib/model/parse.ts'
import { said, UsageError } from './command-line.ts'

/**
 * The defaults, overridden by the JSON in `file`.
 * @throws {UsageError} if the file is missing or contains an invalid setting
 */
export function settingsIn(file: string | undefined): AllSettings {
  if (file === undefined) return DEFAULTS
  const hint = 'docs/settings.md lists every setting'
  try {
    return parseOwn(
      settingsSchema,
      overlay(DEFAULTS, jsonOf(readFileSync(file, 'utf8'), file, hint)),
      file,
      hint,
    )
  } catch (error) {
    throw new UsageError(said(error))
  }
}
