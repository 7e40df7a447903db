// `probe-registry withdraw`: withdraws one published probe that harms its hosts, or serves it again.

import { createWithdrawals, type Withdrawals } from '../../lib/aws/withdrawals.ts'
import type { Bus } from '../../lib/model/ports.ts'
import { readLine, UsageError } from '../command-line.ts'
import { asOperator, BUS_OPTIONS, BUS_TEXT, busIn, printable, tableIn, whereText } from '../operator.ts'
import { keyOf } from '../probe-key.ts'

const USAGE = `Usage: probe-registry withdraw [WHERE] PROBE REASON    answer 410 with the reason instead of the probe
       probe-registry withdraw [WHERE] --undo PROBE      serve it again

PROBE is its URL, or the URL's path: /driver/VERSION/ARCH/FILE. The bytes, signature and log stay in the bucket, and the probe
is not built again. falco-driver-loader does not load it any more, even on a host that has it already, and prints the reason.
The package lists no longer contain it.
REASON is for people who operate its hosts, e.g. 'it panics on machines with 512 CPUs: use modern_ebpf'.
${whereText('ProbesTable')}
${BUS_TEXT}
Exit status: 0 done; 1 not done, with the reason; 2 the command line is wrong, or the registry cannot be reached.
`

const OPTIONS = { ...BUS_OPTIONS, undo: { type: 'boolean' }, help: { type: 'boolean' } } as const

const MAX_REASON = 300

function reasonOf(text: string): string {
  if (text.length <= MAX_REASON && /^[\x20-\x7e]+$/.test(text)) return text
  throw new UsageError(`the reason is up to ${MAX_REASON} printable ASCII characters on one line`)
}

interface Ports {
  readonly withdrawals: Withdrawals
  readonly bus: Bus | undefined
}

/**
 * Sends an event to update the package lists, whatever the write found. If the command crashes between the write and
 * this event, run it again. The registry already refuses the packages themselves after the write.
 */
async function tellLists({ bus }: Ports, key: string): Promise<void> {
  if (bus !== undefined) return bus.emit({ type: 'PackagesWanted', key })
  console.error('The package lists are not updated, because --table does not name the event bus. Add --bus')
}

async function withdraw(ports: Ports, probe: string, reason: string): Promise<number> {
  const key = keyOf(probe)
  if (await ports.withdrawals.withdraw(key, reasonOf(reason))) {
    await tellLists(ports, key)
    console.log(printable(`${key} is withdrawn: a request for it gets 410 and the reason: ${reason}`))
    return 0
  }
  console.error(
    printable(
      `${key} is not published here: its .json has its state. An older name of a kernel redirects to another`,
    ),
  )
  return 1
}

async function restore(ports: Ports, probe: string): Promise<number> {
  const key = keyOf(probe)
  const done = await ports.withdrawals.restore(key)
  await tellLists(ports, key)
  const told = done ? `${key} is served again` : `${key} was not withdrawn`
  ;(done ? console.log : console.error)(printable(told))
  return done ? 0 : 1
}

await asOperator('withdraw', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [probe, reason, ...more] = positionals
  if (probe === undefined || more.length > 0 || (values.undo === true) === (reason !== undefined))
    throw new UsageError('it takes a probe and a reason, or --undo and a probe')
  // Refuse a wrong command line before any request.
  keyOf(probe)
  const { client, name } = await tableIn(values, 'Probes')
  const ports = { withdrawals: createWithdrawals(client, name, Date.now), bus: await busIn(values) }
  return reason === undefined ? restore(ports, probe) : withdraw(ports, probe, reason)
})
