// The door of submissions: who sends one pays before it is read, and has that back when it led to a record.

import { sha256 } from '../model/digest.ts'
import { type ErrorCode, isProbeError, ProbeError } from '../model/errors.ts'
import { type HoldPorts, held } from '../serve/hold.ts'
import { giveBack, type SpendingPorts, spend, spentOut } from '../serve/spending.ts'
import type { Submission } from './submission.ts'

type DoorPorts = SpendingPorts & HoldPorts

/** No reading takes longer: its function is over by then. */
const READING_MILLISECONDS = 29_000

/** What makes a body one that its sender pays for. */
const REFUSALS: readonly ErrorCode[] = [
  'bad-field',
  'bad-config',
  'config-mismatch',
  'body-too-large',
  'budget-spent',
]

/**
 * Reads what was sent: `known` says that these very bytes led to a record before, which costs nothing and nobody's place,
 * since a fleet behind one address sends the same again and again.
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
  await checkBudget(ports, caller)
  const end = ports.now() + READING_MILLISECONDS
  const result = await held(ports, { room: 'submit', caller }, end, () =>
    paid(ports, submission, caller, () => read(false)),
  )
  // A crash before it: the same bytes pay once more, and have it back once more.
  await ports.budgets.spend(mark, 'known', 1)
  return result
}

/** The same for what is only looked at: nothing is remembered of it. */
export async function looked<T>(
  ports: DoorPorts,
  submission: Submission,
  caller: string,
  look: () => Promise<T>,
): Promise<T> {
  await checkBudget(ports, caller)
  const end = ports.now() + READING_MILLISECONDS
  return held(ports, { room: 'submit', caller }, end, () => paid(ports, submission, caller, look))
}

/** Kernel headers are dear to look through. */
const unitsOf = ({ kheaders }: Submission): number => (kheaders === undefined ? 1 : 5)

async function paid<T>(
  ports: DoorPorts,
  submission: Submission,
  caller: string,
  read: () => Promise<T>,
): Promise<T> {
  const payer = { caller, claim: ports.newId() }
  const units = unitsOf(submission)
  // A crash from here on leaves units that are spent until the day is over.
  if (!(await spend(ports, 'refused', payer, units)))
    throw tooManyRefused(caller, ports.settings.budgets.refusedPerCallerPerDay)
  const back = () => giveBack(ports, 'refused', payer, units)
  try {
    const result = await read()
    await back()
    return result
  } catch (error) {
    // What the registry failed at is nothing that was refused.
    if (!isProbeError(error) || !REFUSALS.includes(error.code)) await back()
    throw error
  }
}

/** @throws {ProbeError} `budget-spent`. */
async function checkBudget(ports: DoorPorts, caller: string): Promise<void> {
  const spent = await spentOut(ports, 'refused', caller)
  if (spent !== undefined) throw tooManyRefused(spent.holder, spent.limit)
}

const tooManyRefused = (holder: string, limit: number): ProbeError =>
  new ProbeError(
    'budget-spent',
    `${holder} has sent submissions today that were refused, or are being read, of which ${limit} are allowed (one with kheaders counts as five); those that are known are still answered. Mend what the first answers named, and try again tomorrow`,
  )

/** Of all that decides the record: remembered as a budget of one that is spent, and forgotten as that is. */
function markOf({ config, facts, procVersion, symvers, kheaders, kernelUrls, force }: Submission): string {
  const all = {
    facts: { ...facts, osRelease: facts.osRelease && [...facts.osRelease] },
    files: [config, symvers, kheaders].map((file) => (file === undefined ? null : sha256(file))),
    ...{ procVersion, kernelUrls, force },
  }
  return `submitted/${sha256(JSON.stringify(all))}`
}
