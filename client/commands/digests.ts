// `probe-registry digests`: lists, adds and removes the recorded digests of build sources, for an operator.

import { checkId, createDigests, type Digests } from '../../lib/aws/digests.ts'
import { isSha256 } from '../../lib/model/digest.ts'
import { readLine, UsageError } from '../command-line.ts'
import { asOperator, printable, tableIn, WHERE_OPTIONS, whereText } from '../operator.ts'

const USAGE = `Usage: probe-registry digests [WHERE]                       list: VERSION SHA256 URL, one a line
       probe-registry digests [WHERE] name VERSION SHA256 [URL]
                                                           accept only this source for VERSION
       probe-registry digests [WHERE] forget VERSION       the next build of VERSION trusts and records what it finds

VERSION is a driver version. URL is needed only for a version that comes as a package; for an archive, the settings have the
URL. (Sources of kernels are not listed: kernel.org's signature protects them.)
${whereText('SourcesTable')}
Exit status: 0 done; 1 not done, with the reason; 2 the command line is wrong, or the registry cannot be reached.
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
    console.error('no digest is recorded yet: the first build of a version records its digest')
  return 0
}

async function name(digests: Digests, id: string, sha256: string, url = NAMED): Promise<number> {
  checkId(id)
  if (!isSha256(sha256))
    throw new UsageError(`${JSON.stringify(sha256)} is not a sha256: 64 lower-case hex digits`)
  if (!/^(https?|urn):[\x21-\x7e]+$/.test(url)) throw new UsageError(`${JSON.stringify(url)} is not a URL`)
  if (await digests.name(id, { name: 'driver', version: id, url, sha256 })) {
    console.log(printable(`${id}: only a source with sha256 ${sha256} is accepted`))
    return 0
  }
  console.error(
    printable(`${id} has another recorded digest: run \`probe-registry digests forget ${id}\` first`),
  )
  return 1
}

async function forget(digests: Digests, id: string): Promise<number> {
  const source = await digests.forget(checkId(id))
  if (source === undefined) {
    console.error(printable(`${id} is not recorded: \`probe-registry digests\` lists the recorded versions`))
    return 1
  }
  console.log(
    printable(
      `${id}: sha256 ${source.sha256} is forgotten. The next build of it trusts the source that its URL then has, and records its digest. Published probes stay.`,
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
  throw new UsageError(`the arguments of ${verb} are wrong`)
}

await asOperator('digests', USAGE, () => main(process.argv.slice(2)))
