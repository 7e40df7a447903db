// What a load test tells of a probe: hostile text, of which only bounded, printable pieces are kept.

import * as z from 'zod'
import { madeSchema } from '../model/digest.ts'
import type { Read } from '../model/parse.ts'
import type { LoadTest } from '../model/probe.ts'
import { printable } from '../model/text.ts'
import { timings } from './report.ts'

/** Bytes of a verdict that are read at most. */
export const MAX_VERDICT = 64 * 1024

const MAX_LINE = 240

const line = z.string().transform((text) => printable(text, MAX_LINE))
const word = z.string().regex(/^[a-z]{1,16}$/)

const capture = z.union([
  z.strictObject({
    events: z.int().positive().max(1_000_000_000),
    buffers: z.int().positive().max(4096),
    api: z.string().regex(/^\d{1,6}(\.\d{1,8}){2}$/),
  }),
  z.strictObject({ untried: line }),
])

const told = {
  /** for a person: one line */
  reason: line,
  timings,
  /** the kernel's image that the test took out of its package and stored, for the next one */
  boot: madeSchema.optional(),
}

/**
 * `passed`: its own kernel took it, and it captured events, or `capture` says why that was not tried. `failed`: its kernel
 * refused it or did not survive it, or it captured nothing; `lines` are what the kernel said.
 * `unavailable`: nothing was found out, at `stage`. What a probe made of evil intent says here, it may have forged: a
 * verdict tells what works from what does not, never good from evil (buildspecs/load-test/load-test.sh).
 */
const schema = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.enum(['passed', 'failed']),
    checked: z.array(word).max(16),
    lines: z.array(line).max(12),
    capture: capture.optional(),
    ...told,
  }),
  z.object({ verdict: z.literal('unavailable'), stage: word, ...told }),
])

export type LoadVerdict = Read<typeof schema>

/** What is missing or cannot be read is `unavailable`: never `passed`. */
export function readVerdict(body: Uint8Array | undefined): LoadVerdict {
  const nothing = (reason: string): LoadVerdict => ({
    verdict: 'unavailable',
    stage: 'lost',
    reason,
    timings: {},
  })
  if (body === undefined) return nothing('the load test left no verdict')
  if (body.length > MAX_VERDICT) return nothing('the load test left a verdict that is too large')
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return nothing('the load test left a verdict that cannot be read')
  }
}

/** For good: no other test would find out more. */
export const NO_IMAGE: LoadVerdict = {
  verdict: 'unavailable',
  stage: 'image',
  reason: 'there is no image of this kernel',
  timings: {},
}

/** What of it is kept with the probe. */
export function loadTestOf(told: LoadVerdict): LoadTest {
  const { verdict, reason } = told
  if (told.verdict === 'unavailable') return { verdict, reason, checked: [], lines: [] }
  const { checked, lines, capture: seen } = told
  return { verdict, reason, checked, lines, ...(seen === undefined ? {} : { capture: seen }) }
}

/** A few lines for a person: the reason, and what the kernel said. */
export const tellVerdict = (verdict: LoadVerdict): string =>
  [verdict.reason, ...(verdict.verdict === 'failed' ? verdict.lines : [])].join('\n')
