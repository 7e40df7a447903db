// Turns the command line of `probe-registry build` into the requested probe, as the registry reads it: from a
// name or a submission.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseSubmission } from '../../lib/api/body.ts'
import { checkDriver, driverFor } from '../../lib/model/drivers.ts'
import { isProbeError, ProbeError } from '../../lib/model/errors.ts'
import { configsOf, probeOfRecord, type RecordedKernel } from '../../lib/model/kernel.ts'
import { ARCHES, type Arch, DRIVER_NAMES, KINDS, type Kind, type Probe } from '../../lib/model/probe.ts'
import type { Settings } from '../../lib/model/settings.ts'
import { checkSubmitted } from '../../lib/model/support.ts'
import { canonical } from '../../lib/names/aliases.ts'
import { format, parseProbe } from '../../lib/names/grammar.ts'
import { checkBuildable } from '../../lib/plan/buildable.ts'
import { type ReadSubmission, readSubmission } from '../../lib/submit/read.ts'
import { said, UsageError } from '../command-line.ts'

const text = { type: 'string' } as const
/** Options that only a submission has, with the field names of the registry's form. */
const FIELDS = {
  version: text,
  'os-release': text,
  'etc-version': text,
  'proc-version': text,
  symvers: text,
  kheaders: text,
  kernelurls: { ...text, multiple: true },
  force: { type: 'boolean' },
} as const
const OPTIONS = {
  help: { type: 'boolean' },
  release: text,
  target: text,
  'driver-version': text,
  'driver-name': text,
  'kernel-version': text,
  arch: text,
  kind: text,
  config: text,
  out: { ...text, default: '.' },
  settings: text,
  ...FIELDS,
} as const

type Options = ReturnType<typeof parsed>['values']
const parsed = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS })

/** @throws {UsageError} */
export function readOptions(args: readonly string[]): Options {
  try {
    return parsed(args).values
  } catch (error) {
    throw new UsageError(said(error))
  }
}

export interface Asked {
  readonly probe: Probe
  /** kernel record, if the user gave a config */
  readonly record?: RecordedKernel
  /** files that the record names by digest */
  readonly files: readonly Uint8Array[]
  /** readable remarks about the config */
  readonly notes: readonly string[]
}

interface AskedPorts {
  readonly settings: Settings
  /** architecture of this machine */
  readonly arch: Arch
  readonly now: () => number
}

/** @throws {UsageError} @throws {ProbeError} also for requests that a registry would refuse */
export async function askedOf(ports: AskedPorts, options: Options): Promise<Asked> {
  const { settings } = ports
  const driverVersion = required(options, 'driver-version')
  if (settings.revoked.includes(driverVersion))
    throw new ProbeError('revoked', `driver version ${driverVersion} was revoked: use a newer one`)
  const entry = driverFor(settings, driverVersion)
  const wanted = {
    driverVersion,
    driverName: oneOf('driver-name', DRIVER_NAMES, options['driver-name'], entry.names[0] ?? 'falco'),
    kind: oneOf('kind', KINDS, options.kind, 'kmod'),
  }
  checkDriver(settings, entry, wanted)
  const arch = oneOf('arch', ARCHES, options.arch, ports.arch)
  return options.config === undefined
    ? byName(settings, options, { ...wanted, arch })
    : bySubmission(ports, options, { ...wanted, arch })
}

type Wanted = Pick<Probe, 'driverVersion' | 'driverName' | 'kind' | 'arch'>

function byName(settings: Settings, options: Options, wanted: Wanted): Asked {
  const field = Object.keys(FIELDS).find((name) => options[name as keyof typeof FIELDS] !== undefined)
  if (field !== undefined) throw new UsageError(`--${field} says something of the kernel of a --config`)
  const named = canonical({
    ...wanted,
    target: required(options, 'target'),
    kernelRelease: required(options, 'release'),
    kernelVersion: options['kernel-version'] ?? '1',
  })
  const { probe } = parseProbe(format(named))
  if (probe.target !== named.target || probe.kernelRelease !== named.kernelRelease)
    throw new UsageError(`${format(named)} reads as a probe for ${probe.target} ${probe.kernelRelease}`)
  checkBuildable(settings, probe)
  return { probe, files: [], notes: [] }
}

async function bySubmission({ settings, now }: AskedPorts, options: Options, wanted: Wanted): Promise<Asked> {
  const submission = await parseSubmission(await formOf(options, wanted))
  const { kernel, files, judged, neutralized } = await readSubmission(settings, submission, {
    known: false,
    now,
  })
  checkSubmitted(settings, wanted, kernel)
  const record = { config: configsOf(kernel)[0], kernel }
  const probe = probeOfRecord(record, wanted)
  checkTarget(options, probe)
  return {
    probe,
    record,
    files,
    notes: [
      ...emptied(neutralized),
      ...judged.config.ignored.map(
        ({ line, text, why }) => `line ${line} of the config is left out: ${text}: ${why}`,
      ),
      ...judged.verdicts.filter(isOf(wanted.kind)).map(({ detail }) => detail),
    ],
  }
}

const isOf =
  (kind: Kind) =>
  (verdict: { readonly kind: Kind }): boolean =>
    verdict.kind === kind

const emptied = (options: ReadSubmission['neutralized']): string[] =>
  options.length === 0
    ? []
    : [
        `these options name a file, key or command, and are not in the build: ${options.map(({ option }) => option).join(', ')}`,
      ]

/** Builds the form that `curl -F` would send, so that the registry's own code validates it. */
async function formOf(options: Options, { arch, driverVersion, driverName, kind }: Wanted) {
  const form = new FormData()
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) form.append(name, value)
  }
  const addFile = (name: 'config' | 'symvers' | 'kheaders'): void => {
    const file = options[name]
    if (file !== undefined) form.append(name, new Blob([fileOf(name, file)]))
  }
  const addText = (name: 'os-release' | 'etc-version' | 'proc-version'): void => {
    const file = options[name]
    if (file !== undefined) form.append(name, fileOf(name, file).toString('utf8'))
  }
  addFile('config')
  add('release', required(options, 'release'))
  add('version', options.version ?? `#${options['kernel-version'] ?? '1'} SMP`)
  add('machine', arch)
  addText('os-release')
  if (options['os-release'] === undefined && options.target !== undefined)
    add('os-release', `ID=${distributionOf(options.target)}\n`)
  addText('etc-version')
  addText('proc-version')
  addFile('symvers')
  addFile('kheaders')
  for (const url of options.kernelurls ?? []) add('kernelurls', url)
  add('driver-version', driverVersion)
  add('driver-name', driverName)
  add('kind', kind)
  if (options.force === true) add('force', 'true')
  const body = new Response(form)
  return {
    contentType: body.headers.get('content-type') ?? '',
    bytes: new Uint8Array(await body.arrayBuffer()),
  }
}

/** A kernel named `ubuntu-aws` runs on a host whose os-release says `ubuntu`. */
function distributionOf(target: string): string {
  if (!/^[a-z0-9._-]{1,64}$/.test(target)) throw new UsageError(`--target ${quoted(target)} is not a target`)
  return target.replace(/^ubuntu-.*/, 'ubuntu')
}

/** Refuses a name that the host's own loader would not ask for. */
function checkTarget({ target }: Options, probe: Probe): void {
  if (target === undefined || canonical({ ...probe, target }).target === probe.target) return
  throw new UsageError(
    `a host with that os-release and release asks for target ${probe.target}, not ${target}`,
  )
}

function fileOf(option: string, file: string): Buffer<ArrayBuffer> {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageError(`--${option} ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function required(options: Options, name: 'release' | 'target' | 'driver-version'): string {
  const value = options[name]
  if (value !== undefined && value !== '') return value
  throw new UsageError(`--${name} is missing`)
}

function oneOf<T extends string>(
  option: string,
  all: readonly T[],
  given: string | undefined,
  otherwise: T,
): T {
  const found = given === undefined ? otherwise : all.find((one) => one === given)
  if (found !== undefined) return found
  throw new UsageError(`--${option} is ${all.join(' or ')}, not ${quoted(given ?? '')}`)
}

const quoted = (value: string): string => JSON.stringify(value)

/** True if the error comes from the command line, according to the registry's own validation. */
export const isOfTheCommandLine = (error: unknown): boolean =>
  error instanceof UsageError || isProbeError(error, 'malformed') || isProbeError(error, 'bad-field')
