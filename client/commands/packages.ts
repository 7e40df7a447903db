// `probe-registry packages`: updates the package lists from the index, for every published probe.

import { createIndex } from '../../lib/aws/probe-index.ts'
import type { Bus, Index } from '../../lib/model/ports.ts'
import { readLine, UsageError } from '../command-line.ts'
import { asOperator, BUS_OPTIONS, BUS_TEXT, busIn, tableIn, whereText } from '../operator.ts'

const USAGE = `Usage: probe-registry packages [WHERE]

Tells the registry of every published probe, which then brings its packages into the lists, or out of them where the probe was
withdrawn or its driver version revoked. For probes of before there were packages, after a restored backup, and after a change
of the revoked driver versions. What is as it should be is not changed. It ends before the registry is done: the log of Publish
tells of each.
${whereText('ProbesTable')}
${BUS_TEXT}
Exit status: 0 done; 2 the command line is wrong, or the registry is out of reach.
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
  if (positionals.length > 0) throw new UsageError('it takes no probe: it tells of all')
  if (values.table !== undefined && values.bus === undefined)
    throw new UsageError('beside --table it needs --bus')
  const { client, name } = await tableIn(values, 'Probes')
  const bus = await busIn(values)
  if (bus === undefined)
    throw new Error('the registry of that folder is of an older version, which has no lists of packages')
  console.log(`told of ${await tellAll(createIndex(client, name, Date.now), bus)} published probes`)
  return 0
})
