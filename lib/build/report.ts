// What a build tells of itself: hostile text, of which only bounded, printable pieces are kept.

import * as z from 'zod'
import { madeSchema } from '../model/digest.ts'
import type { FailureReason } from '../model/probe.ts'
import { printable } from '../model/text.ts'

/** Bytes of manifest and log that are read at most. */
export const MAX_MANIFEST = 64 * 1024
export const MAX_LOG = 8 * 1024 * 1024

const MAX_LINES = 12
const MAX_LINE = 240

const line = (text: string): string => printable(text, MAX_LINE)

const STAGES = ['fetch', 'prepare', 'tree', 'unpack', 'compile', 'collect', 'upload', 'done'] as const
export type Stage = (typeof STAGES)[number]

/** Seconds of each step. */
export const timings = z
  .record(z.string().regex(/^[a-z]{1,16}$/), z.number().nonnegative().finite())
  .refine((seconds) => Object.keys(seconds).length <= 16)

const schema = z.object({
  stage: z.enum(STAGES),
  compilerVersion: z.string().transform(line),
  timings,
  /** the kernel build tree that this build made and stored */
  prepared: madeSchema.optional(),
})
export type BuildReport = z.infer<typeof schema>

/** `undefined`: the build left none, or none that can be read. */
export function readReport(body: Uint8Array | undefined): BuildReport | undefined {
  if (body === undefined) return undefined
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return undefined
  }
}

/** Why a build that ended without a probe failed. A build without any report was cut off from outside. */
export function failureOf(report: BuildReport | undefined): FailureReason {
  if (report === undefined) return 'build-lost'
  return report.stage === 'compile' || report.stage === 'tree' ? 'compile-error' : 'build-error'
}

/** The compiler's own error lines out of a build log, else its last lines. */
export function tellingLines(log: Uint8Array | undefined): string {
  const lines = new TextDecoder()
    .decode(log ?? new Uint8Array())
    .split('\n')
    .filter((line) => line.trim() !== '')
  const errors = lines.filter((line) => /(^|[\s:])(fatal )?error:/i.test(line))
  const telling = errors.length > 0 ? errors.slice(0, MAX_LINES) : lines.slice(-MAX_LINES)
  return telling.map(line).join('\n')
}
