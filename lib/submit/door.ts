// Admits submissions: the caller pays before a body is read, and is refunded if it is accepted.

import { sha256 } from '../model/digest.ts'
import { type ErrorCode, isProbeError, ProbeError } from '../model/errors.ts'
import { type HoldPorts, held } from '../serve/hold.ts'
import { giveBack, type SpendingPorts, spend, spentOut } from '../serve/spending.ts'
import type { Submission } from './submission.ts'

type DoorPorts = SpendingPorts & HoldPorts

/** The timeout of the function. */
const READING_MILLISECONDS = 29_000

/** Errors after which nothing is refunded. */
const REFUSALS: readonly ErrorCode[] = [
  'bad-field',
  'bad-config',
  'config-mismatch',
  'body-too-large',
  'budget-spent',
]

/**
 * `known`: the same submission was recorded before. It costs nothing and takes no place, because all hosts of a fleet behind
 * one address send the same submission.
 * @throws {ProbeError} `budget-spent`, `too-many-waits`, before anything is read; and those of `read`.
 */
export async function admitted<T>(
  ports: DoorPorts,
  submission: Submission,
  caller: string,
  read: (known: boolean) => Promise<T>,
): Promise<T> {
  const mark = markOf(submission)
  if (await ports.budgets.exhausted(mark, 1)) return read(true)
  const result = await looked(ports, submission, caller, () => read(false))
  // After a crash before this line, the same submission pays again and gets another refund.
  await ports.budgets.spend(mark, 'known', 1)
  return result
}

/** Works like `admitted`, but records nothing. */
export async function looked<T>(
  ports: DoorPorts,
  submission: Submission,
  caller: string,
  look: () => Promise<T>,
): Promise<T> {
  const spent = await spentOut(ports, 'refused', caller)
  if (spent !== undefined) throw tooManyRefused(spent.holder, spent.limit)
  const end = ports.now() + READING_MILLISECONDS
  return held(ports, { room: 'submit', caller }, end, () => paid(ports, submission, caller, look))
}

async function paid<T>(
  ports: DoorPorts,
  submission: Submission,
  caller: string,
  read: () => Promise<T>,
): Promise<T> {
  const payer = { caller, claim: ports.newId() }
  // Kernel headers are the most expensive to check.
  const units = submission.kheaders === undefined ? 1 : 5
  // A crash after this line leaves the units spent until the end of the day.
  if (!(await spend(ports, 'refused', payer, units)))
    throw tooManyRefused(caller, ports.settings.budgets.refusedPerCallerPerDay)
  // An error here must not lose the answer: the units stay spent until the end of the day.
  const back = () => Promise.allSettled([giveBack(ports, 'refused', payer, units)])
  try {
    const result = await read()
    await back()
    return result
  } catch (error) {
    // Refunds the caller if the fault is the registry's.
    if (!isProbeError(error) || !REFUSALS.includes(error.code)) await back()
    throw error
  }
}

const tooManyRefused = (holder: string, limit: number): ProbeError =>
  new ProbeError(
    'budget-spent',
    `${holder} has sent ${limit} submissions today that were refused or are being read, which is the daily limit (one with kheaders counts as five); recorded ones are still answered. Fix the errors in the first answers, and try again tomorrow`,
  )

/** Identifies a submission. The id is stored as a spent budget of one unit, so it expires like any budget. */
function markOf({ config, facts, procVersion, symvers, kheaders, kernelUrls, force }: Submission): string {
  const all = {
    facts: { ...facts, osRelease: facts.osRelease && [...facts.osRelease] },
    files: [config, symvers, kheaders].map((file) => (file === undefined ? null : sha256(file))),
    ...{ procVersion, kernelUrls, force },
  }
  return `submitted/${sha256(JSON.stringify(all))}`
}
