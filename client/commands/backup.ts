// `probe-registry backup`: writes the irreplaceable state of a running local registry into one file.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Collected, collect } from '../backup/collect.ts'
import { openArchive } from '../backup/read.ts'
import { checkContents } from '../backup/restore.ts'
import { writeArchive } from '../backup/write.ts'
import { readLine, UsageError } from '../command-line.ts'
import { asOperator, DATA, operatorOf, printable } from '../operator.ts'

const USAGE = `Usage: probe-registry backup [--data DIR] FILE

Writes the new FILE while the registry runs on DIR (default: .data). It contains the index of probes, the digests of sources,
the published probes with their signatures and logs, the submitted kernels, the failed events, and the signing key.
FILE is a tar archive without a password. Keep it secret: whoever has it can sign as this registry. It does not contain what the
registry can make again: package lists, packages, build roots, running builds. \`probe-registry restore\` restores it.
This is for a registry on one machine. A deployed one has point-in-time recovery of its tables and versions of its objects.
Exit status: 0 written, read back and found complete; 2 nothing was written, with the reason.
`

const OPTIONS = { data: { type: 'string' }, help: { type: 'boolean' } } as const

async function backup(dataDir: string, file: string): Promise<Collected> {
  const { endpoint, region, credentials, tables, buckets, queues } = operatorOf(dataDir)
  const failedEvents = queues?.FailedEvents?.split('/').at(-1)
  if (buckets === undefined || failedEvents === undefined)
    throw new Error('the running registry is older than this command: restart it')
  const client = new DynamoDBClient({ endpoint, region, credentials })
  let collected: Collected = { probes: 0, kernels: 0, failedEvents: 0 }
  const running = {
    ...{ dataDir, client, now: Date.now },
    tables: { probes: tables.Probes, sources: tables.Sources },
    buckets: { artifacts: buckets.Artifacts, inputs: buckets.Inputs },
    failedEvents,
  }
  const fill = async (writer: Parameters<typeof collect>[1]): Promise<void> => {
    collected = await collect(running, writer)
  }
  await writeArchive(file, fill, readBack)
  return collected
}

/** Checks the backup as a restore would read it. */
async function readBack(file: string): Promise<void> {
  const archive = await openArchive(file)
  await checkContents(archive).finally(archive.close)
}

await asOperator('backup', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('it takes one FILE')
  const { probes, kernels, failedEvents } = await backup(values.data ?? DATA, file)
  console.log(
    printable(
      `${file}: ${probes} published probes, ${kernels} submitted kernels, ${failedEvents} failed events, and the signing key`,
    ),
  )
  return 0
})
