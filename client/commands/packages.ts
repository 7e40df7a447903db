// `probe-registry packages`: updates the package lists from the index, for every published probe.

import { createIndex } from '../../lib/aws/probe-index.ts'
import type { Bus, Index } from '../../lib/model/ports.ts'
import { readLine, UsageError } from '../command-line.ts'
import { asOperator, BUS_OPTIONS, BUS_TEXT, busIn, tableIn, whereText } from '../operator.ts'

const USAGE = `Usage: probe-registry packages [WHERE]

Sends an event for every published probe. The registry then adds the probe's packages to the lists, or removes them if the
probe is withdrawn or its driver version is revoked. Use it for probes from before there were packages, after a restore, and
after a change of the revoked driver versions. Correct entries are not changed. The command ends before the registry has
finished: the log of Publish shows each probe.
${whereText('ProbesTable')}
${BUS_TEXT}
Exit status: 0 done; 2 the command line is wrong, or the registry cannot be reached.
`

const OPTIONS = { ...BUS_OPTIONS, help: { type: 'boolean' } } as const

/** Number of index items read together. */
const PAGE = 200

/** Sends one event per probe. After a crash, run the command again: it sends the missing events. */
async function tellAll(index: Pick<Index, 'list'>, bus: Bus): Promise<number> {
  let told = 0
  for (let cursor: string | undefined; ; ) {
    const { items, next } = await index.list({ cursor, limit: PAGE })
    for (const { key, state } of items) {
      if (state.state !== 'published') continue
      await bus.emit({ type: 'PackagesWanted', key })
      told += 1
    }
    if (next === undefined) return told
    cursor = next
  }
}

await asOperator('packages', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  if (positionals.length > 0) throw new UsageError('it takes no probe: it handles all of them')
  if (values.table !== undefined && values.bus === undefined) throw new UsageError('--table also needs --bus')
  const { client, name } = await tableIn(values, 'Probes')
  const bus = await busIn(values)
  if (bus === undefined)
    throw new Error('the registry of that folder has an older version, which has no package lists')
  console.log(`sent events for ${await tellAll(createIndex(client, name, Date.now), bus)} published probes`)
  return 0
})
