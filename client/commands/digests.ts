// `probe-registry digests`: lists, adds and removes the recorded digests of build sources, for an operator.

import { checkId, createDigests, type Digests } from '../../lib/aws/digests.ts'
import { isSha256 } from '../../lib/model/digest.ts'
import { readLine, UsageError } from '../command-line.ts'
import { asOperator, printable, tableIn, WHERE_OPTIONS, whereText } from '../operator.ts'

const USAGE = `Usage: probe-registry digests [WHERE]                       list: VERSION SHA256 URL, one a line
       probe-registry digests [WHERE] name VERSION SHA256 [URL]
                                                           take no other source for VERSION than that
       probe-registry digests [WHERE] forget VERSION       the next build of VERSION records what it finds

VERSION is a driver version. URL is that of the package, for a version that comes as one; an archive is read from where
the settings say. (The source of a kernel is held to kernel.org's signature, and to no digest.)
${whereText('SourcesTable')}
Exit status: 0 done; 1 not done, and why; 2 the command line is wrong, or the registry is out of reach.
`

/** Origin of a digest that an operator recorded without a download. */
const NAMED = 'urn:operator'

const OPTIONS = { ...WHERE_OPTIONS, help: { type: 'boolean' } } as const

async function digestsIn(where: Parameters<typeof tableIn>[0]): Promise<Digests> {
  const { client, name } = await tableIn(where, 'Sources')
  return createDigests(client, name)
}

async function list(digests: Digests): Promise<number> {
  const all = await digests.list()
  for (const { id, source } of all) console.log(printable(`${id} ${source.sha256} ${source.url}`))
  if (all.length === 0)
    console.error('no digest is on record yet: the first build of a version records its own')
  return 0
}

async function name(digests: Digests, id: string, sha256: string, url = NAMED): Promise<number> {
  checkId(id)
  if (!isSha256(sha256))
    throw new UsageError(`${JSON.stringify(sha256)} is not a sha256: 64 lower-case hex digits`)
  if (!/^(https?|urn):[\x21-\x7e]+$/.test(url)) throw new UsageError(`${JSON.stringify(url)} is not a URL`)
  if (await digests.name(id, { name: 'driver', version: id, url, sha256 })) {
    console.log(printable(`${id}: no other source is taken than that with sha256 ${sha256}`))
    return 0
  }
  console.error(
    printable(`${id} has another digest on record: \`probe-registry digests forget ${id}\` first`),
  )
  return 1
}

async function forget(digests: Digests, id: string): Promise<number> {
  const source = await digests.forget(checkId(id))
  if (source === undefined) {
    console.error(printable(`${id} is not on record: \`probe-registry digests\` lists what is`))
    return 1
  }
  console.log(
    printable(
      `${id}: sha256 ${source.sha256} is forgotten. The next build of it trusts whoever answers for its URL then, and records what it finds. Probes that are published stay.`,
    ),
  )
  return 0
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readLine(args, OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [verb, ...rest] = positionals
  const [id, sha256, url] = rest
  if (verb === undefined) return list(await digestsIn(values))
  if (verb === 'name' && id !== undefined && sha256 !== undefined && rest.length <= 3)
    return name(await digestsIn(values), id, sha256, url)
  if (verb === 'forget' && id !== undefined && rest.length === 1) return forget(await digestsIn(values), id)
  throw new UsageError(`${verb} is not used so`)
}

await asOperator('digests', USAGE, () => main(process.argv.slice(2)))
