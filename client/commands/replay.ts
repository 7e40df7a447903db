// `probe-registry replay`: lists the events that functions failed to handle, and sends them again.

import { createFailedEvents, type FailedEvents, type Taken } from '../../lib/aws/failed-events.ts'
import { readLine, UsageError } from '../command-line.ts'
import { asOperator, printable, QUEUE_OPTIONS, queueIn, queueText } from '../operator.ts'

const USAGE = `Usage: probe-registry replay [WHERE]                    list: ID TIME FUNCTION EVENT PROBE ERROR, one a line
       probe-registry replay [WHERE] ID... | --all      send them again
       probe-registry replay [WHERE] --forget ID... | --forget --all
                                                        delete them without sending them

After the last retry of an event, the queue keeps it for 14 days. This command sends it to the same function again and deletes
it from the queue. If the function fails again, the event returns. An event of a finished build changes nothing.
${queueText}
Exit status: 0 done; 1 some events failed, with the reason; 2 the command line is wrong, or the registry cannot be reached.
`

const OPTIONS = {
  ...QUEUE_OPTIONS,
  all: { type: 'boolean' },
  forget: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const lineOf = ({ id, time, functionName, type, about, error }: Taken): string =>
  printable([id, time, functionName, type, about, error.split('\n')[0]].join(' '))

/** Lists events. Every event becomes visible to other readers again, even if the listing fails. */
async function list(events: FailedEvents): Promise<number> {
  const taken = await events.take()
  try {
    for (const one of taken) console.log(lineOf(one))
    if (taken.length === 0) console.error(await nothing(events))
  } finally {
    for (const one of taken) await events.release(one)
  }
  return 0
}

async function nothing(events: FailedEvents): Promise<string> {
  const hidden = await events.hidden()
  return hidden === 0
    ? 'no event has failed'
    : `no event is visible; ${hidden} are hidden for up to five minutes, because another replay is running or was interrupted`
}

interface Wish {
  /** `undefined`: all events */
  readonly ids: readonly string[] | undefined
  readonly verb: 'replay' | 'forget'
}

async function work(events: FailedEvents, { ids, verb }: Wish): Promise<number> {
  const taken = await events.take()
  const wanted = ids === undefined ? taken : taken.filter(({ id }) => ids.includes(id))
  let failed = false
  const told = (line: string): void => {
    failed = true
    console.error(printable(line))
  }
  for (const one of taken) {
    if (!wanted.includes(one)) await events.release(one)
    else if (await attempt(() => events[verb](one), one, told))
      console.log(`${verb === 'replay' ? 'sent again' : 'forgotten'}: ${lineOf(one)}`)
    else await events.release(one)
  }
  for (const id of ids ?? [])
    if (!taken.some((one) => one.id === id))
      told(`${id} is not here: \`probe-registry replay\` lists the failed events`)
  if (ids === undefined && taken.length === 0) console.error(await nothing(events))
  return failed ? 1 : 0
}

async function attempt(
  act: () => Promise<void>,
  { id }: Taken,
  told: (line: string) => void,
): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    told(`${id} stays here: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

await asOperator('replay', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [all, forget] = [values.all === true, values.forget === true]
  if (all && positionals.length > 0) throw new UsageError('it takes events by their ids, or --all of them')
  if (forget && !all && positionals.length === 0) throw new UsageError('--forget takes ids, or --all')
  const events = createFailedEvents(await queueIn(values))
  if (!all && positionals.length === 0) return list(events)
  return work(events, { ids: all ? undefined : positionals, verb: forget ? 'forget' : 'replay' })
})
