// Parses the body of a submission: a form, as curl -F sends it, or JSON with the same fields.

import * as z from 'zod'
import { hostFacts, NEEDED, type RawFacts } from '../clients/facts.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { DRIVER_NAMES, KINDS, PACKAGE_FORMATS } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { DRIVER_VERSION, MAX_DRIVER_VERSION } from '../names/grammar.ts'
import type { Submission } from '../submit/submission.ts'
import { badField, parseFields } from './fields.ts'

/** In bytes. A Lambda gets at most 6 MB, a quarter of which base64 takes: AWS Lambda developer guide, "Quotas". */
export const MAX_BODY = 4_400_000
const MAX_PARTS = 64

/** An optional fact. Its parser ignores and reports unusable text, so the schema accepts any. */
const text = z.string()

/** One line. It may have the newline that a file upload keeps; lib/clients/facts.ts trims it. */
const line = (pattern: string, what: string, example: string) =>
  z
    .string()
    .max(256)
    .regex(new RegExp(`^[ \\t\\r\\n]*${pattern}[ \\t\\r\\n]*$`), `it is not ${what}`)
    .describe(what)
    .meta({ examples: [example] })

/** The patterns avoid \p{...} and flags, so that readers of the OpenAPI document in every language can use them. */
const VISIBLE = '[^\\u0000-\\u0020\\u007f-\\u00a0\\u2028\\u2029]'
const VISIBLE_OR_BLANK = '[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]'

/** Begins with a kernel's number, and has at most 64 characters. Avoids lookahead, which some languages lack. */
const RELEASE = `(?:${[1, 2, 3]
  .map((digits) => `[0-9]{${digits}}\\.[0-9][A-Za-z0-9.+~_\\-]{0,${62 - digits}}`)
  .join('|')})`

const facts = {
  release: line(RELEASE, NEEDED.release, '6.1.192-mine'),
  version: line(
    `${VISIBLE}(?:${VISIBLE_OR_BLANK}{0,62}${VISIBLE})?`,
    NEEDED.version,
    '#1 SMP PREEMPT_DYNAMIC',
  ),
  machine: line('(?:x86_64|amd64|aarch64|arm64)', NEEDED.machine, 'x86_64'),
}
const version = z
  .string()
  .max(MAX_DRIVER_VERSION)
  .regex(DRIVER_VERSION, 'it is not a driver version, e.g. 11.0.0+driver')
const PACKAGE = new RegExp(
  `^https?://[!-~]+/[A-Za-z0-9][A-Za-z0-9.+~_%-]*\\.(?:${PACKAGE_FORMATS.map((f) => f.replace('.', '\\.')).join('|')})$`,
)
const NO_PACKAGE = `it is not the URL of a package (${PACKAGE_FORMATS.join(', ')})`
const urls = z
  .array(z.string().max(512).regex(PACKAGE, NO_PACKAGE))
  .max(8)
  .describe("header packages in the distribution's archive")

/** Fields of both the form and the JSON. `File`: the type of a file in each; `as`: its description. */
const fieldsWith = <File extends z.ZodType>(file: File, as: string) => ({
  config: file.describe(`the config of the running kernel: /proc/config.gz or /boot/config-*, ${as}`),
  ...facts,
  'os-release': text.optional().describe('the text of /etc/os-release'),
  'etc-version': text.optional().describe('the text of /etc/VERSION, which minikube has'),
  'proc-version': text.optional().describe('the text of /proc/version'),
  symvers: file.optional().describe(`Module.symvers of the running kernel, ${as}`),
  kheaders: file.optional().describe('/sys/kernel/kheaders.tar.xz'),
  kernelurls: urls.optional(),
  'driver-version': z.array(version).max(8).optional().describe('driver versions, such as 11.0.0+driver'),
  'driver-name': z.enum(DRIVER_NAMES).optional().describe(DRIVER_NAMES.join(' or ')),
  kind: z.array(z.enum(KINDS)).max(KINDS.length).optional().describe(KINDS.join(' or ')),
})

/** Forms repeat the fields of `MANY`; JSON has lists. */
const PACKED = 'plain, or packed by gzip, xz or zstd'
export const formFields = z.strictObject({
  ...fieldsWith(z.instanceof(Uint8Array), PACKED),
  force: z.enum(['true', 'false', '1', '0', 'yes', 'no']).optional().describe('true or false'),
})
export const jsonFields = z.strictObject({
  ...fieldsWith(z.base64('it must be base64').max(MAX_BODY), `${PACKED}; in base64`),
  force: z.boolean().optional().describe('true or false'),
})

/** Schemas by content type, for submissions: POST /v1/probes. */
export const SUBMITTED = { 'multipart/form-data': formFields, 'application/json': jsonFields }

const machine = line('[A-Za-z0-9_\\-]{1,64}', NEEDED.machine, 'x86_64')
/** For questions: POST /v1/verdicts builds nothing, so it accepts all machines. */
export const ASKED = {
  'multipart/form-data': formFields.extend({ machine }),
  'application/json': jsonFields.extend({ machine }),
}

/** A valid body. Its config is the smallest one of a kernel that loads modules. */
export const JSON_EXAMPLE: z.input<typeof jsonFields> = {
  config: Buffer.from(`# Linux/x86 6.1.192 Kernel Configuration
CONFIG_X86_64=y
CONFIG_MODULES=y
CONFIG_TRACEPOINTS=y
`).toString('base64'),
  release: '6.1.192-mine',
  version: '#1 SMP PREEMPT_DYNAMIC',
  machine: 'x86_64',
}

const FILES: readonly string[] = ['config', 'symvers', 'kheaders']
const MANY: readonly string[] = ['kernelurls', 'driver-version', 'kind']
type FormFields = z.infer<typeof formFields>
type JsonFields = z.infer<typeof jsonFields>

/** Optional facts. An unusable one counts as missing, and the answer reports it. */
const OPTIONAL: readonly string[] = ['os-release', 'etc-version', 'proc-version']

/** Other names that JSON may use for fields. */
const IN_CAMEL_CASE: ReadonlyMap<string, string> = new Map([
  ['osRelease', 'os-release'],
  ['etcVersion', 'etc-version'],
  ['procVersion', 'proc-version'],
  ['kernelUrls', 'kernelurls'],
  ['driverVersions', 'driver-version'],
  ['driverVersion', 'driver-version'],
  ['driverName', 'driver-name'],
  ['kinds', 'kind'],
])

type FormValue = string | Blob

export interface Body {
  /** the request's Content-Type header */
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** @throws {ProbeError} `body-too-large`; `bad-field`: the message begins with the field's name, as sent. */
export const parseSubmission = (body: Body): Promise<Submission> =>
  withSubmission(body, async (submission) => submission)

/** Passes the submission to `use`. Messages of all errors begin with the field's name, as sent. */
export async function withSubmission<T>(
  { contentType, bytes }: Body,
  use: (submission: Submission) => Promise<T>,
  read: typeof SUBMITTED | typeof ASKED = SUBMITTED,
): Promise<T> {
  if (bytes.length > MAX_BODY)
    throw new ProbeError('body-too-large', `body: it has ${bytes.length} bytes; ${MAX_BODY} are allowed`)
  const [type = ''] = contentType.toLowerCase().split(';', 1)
  switch (type.trim()) {
    case 'multipart/form-data':
      return use(ofForm(parseFields(read['multipart/form-data'], await fieldsOf(contentType, bytes))))
    case 'application/json': {
      const { fields, sentAs } = named(jsonOf(bytes))
      return asSent(sentAs, async () => use(ofJson(parseFields(read['application/json'], fields))))
    }
    default:
      throw badField('content-type', `${quote(type)} is neither multipart/form-data nor application/json`)
  }
}

async function asSent<T>(sentAs: ReadonlyMap<string, string>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isProbeError(error)) throw error
    const [, field = '', why] = /^([a-z-]+)(: .*)$/s.exec(error.message) ?? []
    const given = sentAs.get(field)
    if (given === undefined) throw error
    throw new ProbeError(error.code, `${given}${why}`, { cause: error })
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw badField('body', 'it is not JSON')
  }
}

/** Unifies the names of fields, and converts single values to lists. `sentAs`: the names as sent, if they differ. */
function named(json: unknown): { fields: unknown; sentAs: ReadonlyMap<string, string> } {
  const sentAs = new Map<string, string>()
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { fields: json, sentAs }
  const fields: Record<string, unknown> = Object.create(null)
  for (const [given, value] of Object.entries(json)) {
    const name = IN_CAMEL_CASE.get(given) ?? given
    if (fields[name] !== undefined) throw badField(given, 'it is there twice')
    fields[name] = MANY.includes(name) && typeof value === 'string' ? [value] : value
    if (given !== name) sentAs.set(name, given)
  }
  return { fields, sentAs }
}

/** Reads a form's values by field: files as bytes, repeated fields as lists, all others as text. */
async function fieldsOf(contentType: string, bytes: Uint8Array): Promise<Record<string, unknown>> {
  const form = await formOf(contentType, bytes)
  const fields: Record<string, unknown> = Object.create(null)
  let parts = 0
  for (const [name, value] of form) {
    parts += 1
    if (parts > MAX_PARTS) throw tooManyParts()
    const content = FILES.includes(name) ? await bytesOf(value) : await textOf(name, value)
    if (MANY.includes(name)) fields[name] = [...((fields[name] as unknown[]) ?? []), content]
    else if (fields[name] === undefined) fields[name] = content
    else throw badField(name, 'it is there twice')
  }
  return fields
}

async function formOf(contentType: string, bytes: Uint8Array): Promise<FormData> {
  if (parts(contentType, bytes) > MAX_PARTS) throw tooManyParts()
  try {
    const body = bytes as Uint8Array<ArrayBuffer>
    return await new Response(body, { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw badField('body', 'it is not complete multipart/form-data')
  }
}

const tooManyParts = (): ProbeError => badField('body', `it has more than ${MAX_PARTS} parts`)

/** Computes a lower bound of the number of parts, before the much slower parser runs. */
function parts(contentType: string, bytes: Uint8Array): number {
  const [, boundary] = /;\s*boundary="?([^";\s]+)/i.exec(contentType) ?? []
  if (boundary === undefined) return 0
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const line = Buffer.from(`\n--${boundary}\r\n`)
  let count = 0
  for (let at = body.indexOf(line); at >= 0 && count <= MAX_PARTS; at = body.indexOf(line, at + line.length))
    count += 1
  return count
}

const bytesOf = async (value: FormValue): Promise<Uint8Array> =>
  typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(await value.arrayBuffer())

/** Optional facts need not be UTF-8: a host's name may have another encoding. */
async function textOf(name: string, value: FormValue): Promise<string> {
  if (typeof value === 'string') return value
  try {
    const fatal = !OPTIONAL.includes(name)
    return new TextDecoder('utf-8', { fatal, ignoreBOM: true }).decode(await value.arrayBuffer())
  } catch {
    throw badField(name, 'it is not text in UTF-8')
  }
}

const ofForm = ({ force, ...form }: FormFields): Submission =>
  submissionOf({ ...form, force: ['true', '1', 'yes'].includes(force ?? '') })

function ofJson({ config, symvers, kheaders, force = false, ...json }: JsonFields): Submission {
  const bytes = (base64: string | undefined) => base64 && Buffer.from(base64, 'base64')
  return submissionOf({
    ...json,
    config: Buffer.from(config, 'base64'),
    symvers: bytes(symvers) || undefined,
    kheaders: bytes(kheaders) || undefined,
    force,
  })
}

function submissionOf(form: Omit<FormFields, 'force'> & { readonly force: boolean }): Submission {
  const foreign = !facts.machine.safeParse(form.machine).success
  const machine = foreign ? 'x86_64' : form.machine
  return {
    config: form.config,
    facts: factsOf({ ...form, machine, osRelease: form['os-release'], etcVersion: form['etc-version'] }),
    foreignMachine: foreign ? form.machine.trim() : undefined,
    procVersion: form['proc-version'],
    symvers: form.symvers,
    kheaders: form.kheaders,
    kernelUrls: form.kernelurls ?? [],
    driverVersions: form['driver-version'] ?? [],
    driverName: form['driver-name'],
    kinds: form.kind ?? [],
    force: form.force,
  }
}

/** Reports an invalid fact with the same message as the CLI does. */
function factsOf(raw: RawFacts) {
  try {
    return hostFacts(raw)
  } catch (error) {
    throw isProbeError(error, 'malformed') ? new ProbeError('bad-field', error.message) : error
  }
}
