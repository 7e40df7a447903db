// The settings of a deployment, as an operator's file has them.

import { readFileSync } from 'node:fs'
import { type AllSettings, DEFAULTS, settingsSchema } from '../lib/kernels/settings.ts'
import { overlay } from '../lib/model/overlay.ts'
import { jsonOf, parseOwn } from '../lib/model/parse.ts'
import { said, UsageError } from './command-line.ts'

/** The defaults with the JSON of `file` over them. UsageError where the file is missing or holds what is not a setting. */
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
