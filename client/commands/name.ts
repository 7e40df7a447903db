// `probe-registry name`: explains names of probes, and shows which name each client requests on a host.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { clientAnswers } from '../../lib/clients/clients.ts'
import { namesDocument } from '../../lib/clients/document.ts'
import { type Explanation, explain } from '../../lib/clients/explain.ts'
import { type HostFacts, hostFacts } from '../../lib/clients/facts.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { entryOf } from '../../lib/model/drivers.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { DRIVER_NAMES, KINDS, type Kind } from '../../lib/model/probe.ts'
import { UPSTREAM_DRIVERS } from '../../lib/model/upstream-drivers.ts'

const USAGE = `Usage: probe-registry name URL...        explain names of probes; exit status 1 if one is invalid
       probe-registry name --uname-r RELEASE --uname-v VERSION --uname-m MACHINE [--os-release FILE]
                           [--etc-version FILE] [--config FILE] [--driver-version VERSION] [--kind kmod|ebpf]
                                         show which name each client requests on that host, for the newest driver of
                                         that kind if no version is given
       probe-registry name --document    print the page of the documentation
`

const OPTIONS = {
  help: { type: 'boolean' },
  document: { type: 'boolean' },
  'uname-r': { type: 'string' },
  'uname-v': { type: 'string' },
  'uname-m': { type: 'string' },
  'os-release': { type: 'string' },
  'etc-version': { type: 'string' },
  config: { type: 'string' },
  'driver-version': { type: 'string' },
  kind: { type: 'string', default: 'kmod' },
} as const

type Options = ReturnType<typeof read>['values']
const read = (args: readonly string[]) =>
  parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })

const printable = (text: string): string => JSON.stringify(text).replace(/[^\x20-\x7e]/g, '?')
const line = (what: string, value: string): string => `  ${`${what}:`.padEnd(16)} ${value}`

function lines(said: Explanation): string[] {
  switch (said.tag) {
    case 'malformed':
      return [line('wrong', said.why)]
    case 'config-hash':
      return [...layoutLines(said), ...partLines(said.parts), line('clients', said.clients.join('; '))]
    case 'probe':
      return [
        ...layoutLines(said),
        ...partLines(said.parts),
        line('canonical', said.canonical),
        line('clients', said.clients.join('; ') || 'none'),
        ...(said.unreachable === undefined ? [] : [line('unreachable', said.unreachable)]),
        ...said.notes.map((note) => line('note', note)),
      ]
  }
}

const layoutLines = (said: Exclude<Explanation, { tag: 'malformed' }>): string[] => [
  line('layout', `${said.layout}, ${said.years}`),
  line('written as', said.template),
  ...(said.companion === undefined ? [] : [line('companion', said.companion)]),
]

const partLines = (parts: object): string[] =>
  Object.entries(parts).map(([part, value]) => line(part, `${value}` || '(empty)'))

const text = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readFileSync(file, 'utf8')

/** The loaders of 2015 computed the md5 of the decompressed config. */
function configMd5(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const bytes = readFileSync(file)
  return createHash('md5')
    .update(file.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: 16 * 1024 * 1024 }) : bytes)
    .digest('hex')
}

function factsOf(options: Options): HostFacts {
  return hostFacts({
    release: options['uname-r'] ?? '',
    version: options['uname-v'] ?? '',
    machine: options['uname-m'] ?? '',
    osRelease: text(options['os-release']),
    etcVersion: text(options['etc-version']),
    configMd5: configMd5(options.config),
  })
}

/** One line per client and driver, newest client first. After `-` follows why a client requests nothing. */
function hostLines(options: Options): string[] {
  const facts = factsOf(options)
  for (const { field, why } of facts.ignored) console.error(`${field} is ignored: ${why}`)
  const kind = KINDS.find((one) => one === options.kind)
  if (kind === undefined) throw new Error(`--kind is ${KINDS.join(' or ')}`)
  const driverVersion = options['driver-version'] ?? newestOf(kind)
  return DRIVER_NAMES.flatMap((driverName) =>
    clientAnswers(facts, { driverVersion, driverName, kind })
      .filter(({ client }) => client.driverName === driverName)
      .map(
        (answer) =>
          `${`${answer.client.program}: ${answer.client.versions.replace('falcoctl ', '')}`.padEnd(58)} ${'path' in answer ? answer.path : `- ${answer.why}`}`,
      ),
  )
}

/** The newest upstream driver, which Falco uses. */
const newestOf = (kind: Kind): string =>
  UPSTREAM_DRIVERS.find((one) => entryOf(DEFAULTS, one)?.kinds.includes(kind)) ?? ''

function explainLines(urls: readonly string[]): { said: string[]; good: boolean } {
  const all = urls.map((url) => ({ url, explanation: explain(url) }))
  return {
    said: all.flatMap(({ url, explanation }) => [printable(url), ...lines(explanation)]),
    good: all.every(({ explanation }) => explanation.tag !== 'malformed'),
  }
}

function main(args: readonly string[]): number {
  const { values, positionals } = read(args)
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (values.document) {
    process.stdout.write(namesDocument())
    return 0
  }
  if (positionals.length > 0) {
    const { said, good } = explainLines(positionals)
    console.log(said.join('\n'))
    return good ? 0 : 1
  }
  if (values['uname-r'] === undefined) throw new Error('nothing to explain')
  console.log(hostLines(values).join('\n'))
  return 0
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  const why = error instanceof Error ? error.message : String(error)
  process.stderr.write(
    `probe-registry name: ${why.replace(/[^\x20-\x7e\n]/g, '?')}\n${isProbeError(error) ? '' : USAGE}`,
  )
  process.exitCode = 2
}
