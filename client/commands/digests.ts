// `probe-registry digests`: an operator lists, names and forgets the digests of the sources that builds are made from.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DynamoDBClient, type DynamoDBClientConfig, paginateListTables } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import { checkId, createDigests, type Digests } from '../../lib/aws/digests.ts'
import { isSha256 } from '../../lib/model/digest.ts'
import { jsonOf, parseOwn } from '../../lib/model/parse.ts'
import { readLine, UsageError } from '../command-line.ts'

const USAGE = `Usage: probe-registry digests [WHERE]                       list: VERSION SHA256 URL, one a line
       probe-registry digests [WHERE] name VERSION SHA256 [URL]
                                                           take no other source for VERSION than that
       probe-registry digests [WHERE] forget VERSION       the next build of VERSION records what it finds

VERSION is a driver version. URL is that of the package, for a version that comes as one; an archive is read from where
the settings say. (The source of a kernel is held to kernel.org's signature, and to no digest.)
WHERE is one of
  --data DIR      a registry that runs on this machine, by its folder; .data unless said otherwise
  --stack NAME    a deployed stack, e.g. ProbeRegistry, with your AWS credentials and region
  --table NAME    the same by the name of its table, which is the stack's output SourcesTable
Exit status: 0 done; 1 not done, and why; 2 the command line is wrong, or the registry is out of reach.
`

/** Where a digest comes from that no download was needed for. */
const NAMED = 'urn:operator'

const OPTIONS = {
  data: { type: 'string' },
  stack: { type: 'string' },
  table: { type: 'string' },
  help: { type: 'boolean' },
} as const
type Options = ReturnType<typeof read>['values']

const read = (args: readonly string[]) => readLine(args, OPTIONS)

/** What a running registry leaves for whoever may read its folder: local/operator.ts writes it. */
const operatorSchema = z.object({
  endpoint: z.string(),
  region: z.string(),
  table: z.string(),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() }),
})

async function digestsOf({ data, stack, table }: Options): Promise<Digests> {
  if ([data, stack, table].filter((one) => one !== undefined).length > 1)
    throw new UsageError('--data, --stack and --table name three places: give one')
  if (table !== undefined) return open({}, table)
  if (stack !== undefined) return open({}, await tableOf(stack))
  const running = operatorOf(data ?? '.data')
  return open({ ...running, maxAttempts: 1 }, running.table)
}

const open = (config: DynamoDBClientConfig, table: string): Digests =>
  createDigests(DynamoDBDocumentClient.from(new DynamoDBClient(config)), table)

function operatorOf(folder: string): z.infer<typeof operatorSchema> {
  const file = join(folder, 'operator.json')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(
      `no registry runs on ${folder} (${file} cannot be read): start it, or say where it is by --data, --stack or --table`,
      { cause },
    )
  }
  const hint = 'is that the folder of a registry?'
  return parseOwn(operatorSchema, jsonOf(text, file, hint), file, hint)
}

/** CloudFormation calls it by the stack, its name in the template, and what makes both unique. */
async function tableOf(stack: string): Promise<string> {
  const tables: string[] = []
  for await (const { TableNames = [] } of paginateListTables({ client: new DynamoDBClient() }, {}))
    tables.push(...TableNames.filter((name) => name.startsWith(`${stack}-Sources`)))
  const [found] = tables
  if (found !== undefined && tables.length === 1) return found
  throw new Error(
    `${tables.length} tables of a stack ${stack} hold digests: name one by --table (the stack's output SourcesTable)`,
  )
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
    throw new UsageError(`${JSON.stringify(sha256)} is no sha256: 64 lower-case hex digits`)
  if (!/^(https?|urn):[\x21-\x7e]+$/.test(url)) throw new UsageError(`${JSON.stringify(url)} is no URL`)
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

/** Nothing that a terminal would obey. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = read(args)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [verb, ...rest] = positionals
  const [id, sha256, url] = rest
  if (verb === undefined) return list(await digestsOf(values))
  if (verb === 'name' && id !== undefined && sha256 !== undefined && rest.length <= 3)
    return name(await digestsOf(values), id, sha256, url)
  if (verb === 'forget' && id !== undefined && rest.length === 1) return forget(await digestsOf(values), id)
  throw new UsageError(`${verb} is not used so`)
}

/** In words for a person: which of the many ways in which a network says no is of little use to them. */
function why(error: unknown): string {
  const { name, message, code } = error as Error & { code?: string }
  if (code === 'ECONNREFUSED') return 'the registry of that folder does not run any more: start it'
  if (name === 'CredentialsProviderError') return `no AWS credentials: ${message}`
  if (message === 'Region is missing') return 'no AWS region: set AWS_REGION'
  return message
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const usage = error instanceof UsageError
  process.stderr.write(`probe-registry digests: ${printable(why(error))}\n${usage ? USAGE : ''}`)
  process.exitCode = 2
}
