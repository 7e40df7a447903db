// Parses the verdict of a load test. It is hostile text, so only bounded, printable parts are kept.

import * as z from 'zod'
import { madeSchema } from '../model/digest.ts'
import type { Read } from '../model/parse.ts'
import type { LoadTest } from '../model/probe.ts'
import { line, timings } from './report.ts'

/** Maximum size, in bytes. */
export const MAX_VERDICT = 64 * 1024

const word = z.string().regex(/^[a-z]{1,16}$/)

const capture = z.union([
  z.strictObject({
    events: z.int().positive().max(1_000_000_000),
    buffers: z.int().positive().max(4096),
    api: z.string().regex(/^\d{1,6}(\.\d{1,8}){2}$/),
  }),
  z.strictObject({ untried: line }),
])

const common = {
  /** one line */
  reason: line,
  timings,
  /** digest and size of the kernel's image that the test took from its package and stored, for later tests */
  boot: madeSchema.optional(),
}

/**
 * `passed`: the probe's own kernel loaded it. Either it captured events, or `capture` has the reason why that was not tried.
 * `failed`: the kernel refused it or crashed, or it captured nothing; `lines` has the kernel's messages. `unavailable`: the test
 * stopped at `stage`. A malicious probe can forge all of this: a verdict shows that a probe works, not that it is benign
 * (buildspecs/load-test/load-test.sh).
 */
const schema = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.enum(['passed', 'failed']),
    checked: z.array(word).max(16),
    lines: z.array(line).max(12),
    capture: capture.optional(),
    ...common,
  }),
  z.object({ verdict: z.literal('unavailable'), stage: word, ...common }),
])

export type LoadVerdict = Read<typeof schema>

/** A missing or unreadable verdict is `unavailable`, never `passed`. */
export function readVerdict(body: Uint8Array | undefined): LoadVerdict {
  if (body === undefined) return unavailable('lost', 'the load test left no verdict')
  if (body.length > MAX_VERDICT) return unavailable('lost', 'the load test left a verdict that is too large')
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return unavailable('lost', 'the load test left a verdict that cannot be read')
  }
}

function unavailable(stage: string, reason: string): LoadVerdict {
  return { verdict: 'unavailable', stage, reason, timings: {} }
}

/** Final, because another test would get the same verdict. */
export const NO_IMAGE = unavailable('image', 'there is no image of this kernel')

/** The part of a verdict that is stored with the probe. */
export function loadTestOf(found: LoadVerdict): LoadTest {
  const { verdict, reason } = found
  if (found.verdict === 'unavailable') return { verdict, reason, checked: [], lines: [] }
  const { checked, lines, capture: seen } = found
  return { verdict, reason, checked, lines, ...(seen === undefined ? {} : { capture: seen }) }
}

/** Formats the reason and the kernel's messages, as a few lines. */
export const tellVerdict = (verdict: LoadVerdict): string =>
  [verdict.reason, ...(verdict.verdict === 'failed' ? verdict.lines : [])].join('\n')
