// From the body of a request to a submission: a form, as curl -F sends it, or the same as JSON.

import * as z from 'zod'
import { hostFacts, type IgnoredFact, NEEDED, type RawFacts } from '../clients/facts.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { DRIVER_NAMES, KINDS, PACKAGE_FORMATS } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import type { Submission } from '../submit/submission.ts'
import { badField, parseFields } from './fields.ts'

/** A Lambda is given 6 MB, a third of which base64 takes: AWS Lambda developer guide, "Quotas". */
export const MAX_BODY = 4_400_000
const MAX_PARTS = 64

/** What is too long or odd is ignored by who reads it, and said. */
const text = z.string()

/** One line of a host's, and the newline that a file upload keeps: what lib/clients/facts.ts takes. */
const line = (pattern: string, what: string, example: string) =>
  z
    .string()
    .max(256)
    .regex(new RegExp(`^[ \\t\\r\\n]*${pattern}[ \\t\\r\\n]*$`), `it is not ${what}`)
    .describe(what)
    .meta({ examples: [example] })

/** In every language that reads the document: no \p{...}, and no flag. */
const VISIBLE = '[^\\u0000-\\u0020\\u007f-\\u00a0\\u2028\\u2029]'
const VISIBLE_OR_BLANK = '[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]'

/** The number of a kernel, and at most 64 characters in all, which a language without lookahead has to be told in pieces. */
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
const versions = z
  .array(
    z
      .string()
      .max(128)
      .regex(/^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/, 'it is no driver version, e.g. 11.0.0+driver'),
  )
  .max(8)
const PACKAGE = new RegExp(
  `^https?://[!-~]+/[A-Za-z0-9][A-Za-z0-9.+~_%-]*\\.(?:${PACKAGE_FORMATS.map((f) => f.replace('.', '\\.')).join('|')})$`,
)
const urls = z
  .array(
    z
      .string()
      .max(512)
      .regex(PACKAGE, `it is not the URL of a package (${PACKAGE_FORMATS.join(', ')})`),
  )
  .max(8)
  .describe("header packages in the distribution's archive")
const FORCE = z.enum(['true', 'false', '1', '0', 'yes', 'no'])

/** What a form and its JSON have in common, `File` being what each has for bytes. */
const fieldsWith = <File extends z.ZodType>(file: File, as: string) => ({
  config: file.describe(`the config of the running kernel: /proc/config.gz or /boot/config-*, ${as}`),
  ...facts,
  'os-release': text.optional().describe('the text of /etc/os-release'),
  'etc-version': text.optional().describe('the text of /etc/VERSION, which minikube has'),
  'proc-version': text.optional().describe('the text of /proc/version'),
  symvers: file.optional().describe(`Module.symvers of the running kernel, ${as}`),
  kheaders: file.optional().describe('/sys/kernel/kheaders.tar.xz'),
  kernelurls: urls.optional(),
  'driver-version': versions.optional().describe('driver versions, such as 11.0.0+driver'),
  'driver-name': z.enum(DRIVER_NAMES).optional().describe(DRIVER_NAMES.join(' or ')),
  kind: z.array(z.enum(KINDS)).max(KINDS.length).optional().describe(KINDS.join(' or ')),
})

/** Of a form those of `MANY` stand several times; in JSON they are lists. */
const PACKED = 'plain, or packed by gzip, xz or zstd'
export const formFields = z.strictObject({
  ...fieldsWith(z.instanceof(Uint8Array), PACKED),
  force: FORCE.optional().describe('true or false'),
})
export const jsonFields = z.strictObject({
  ...fieldsWith(z.base64().max(MAX_BODY), `${PACKED}; in base64`),
  force: z.boolean().optional().describe('true or false'),
})

/** Of a machine that nothing is built for the config says so itself: what is asked of it is answered all the same. */
const anyMachine = line('[A-Za-z0-9_\\-]{1,64}', NEEDED.machine, 'x86_64')
/** The same for who only asks what is said of a kernel. */
export const askedFormFields = formFields.extend({ machine: anyMachine })
export const askedJsonFields = jsonFields.extend({ machine: anyMachine })

/** How a body is read: for a submission, or for a question. */
const SUBMITTED = { form: formFields, json: jsonFields }
export const ASKED = { form: askedFormFields, json: askedJsonFields }

/** A body that is taken: the least config that is one, of a kernel that can load modules. */
export const JSON_EXAMPLE: z.input<typeof jsonFields> = {
  config: Buffer.from(
    [
      '# Linux/x86 6.1.192 Kernel Configuration',
      'CONFIG_X86_64=y',
      'CONFIG_MODULES=y',
      'CONFIG_TRACEPOINTS=y',
      '',
    ].join('\n'),
  ).toString('base64'),
  release: '6.1.192-mine',
  version: '#1 SMP PREEMPT_DYNAMIC',
  machine: 'x86_64',
}

const FILES: readonly string[] = ['config', 'symvers', 'kheaders']
const MANY: readonly string[] = ['kernelurls', 'driver-version', 'kind']
/** Facts that a host need not tell. What is odd about one is said in the answer, and it counts as not told. */
const OPTIONAL: readonly IgnoredFact['field'][] = ['os-release', 'etc-version', 'proc-version']

/** JSON may also have the names in the way of its languages. */
const IN_CAMEL_CASE: Readonly<Record<string, string>> = {
  osRelease: 'os-release',
  etcVersion: 'etc-version',
  procVersion: 'proc-version',
  kernelUrls: 'kernelurls',
  driverVersions: 'driver-version',
  driverVersion: 'driver-version',
  driverName: 'driver-name',
  kinds: 'kind',
}

type FormValue = string | Blob

export interface Body {
  /** as the request's header says it */
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** @throws {ProbeError} `body-too-large`, and `bad-field`, whose message begins with the name of the field as it was sent. */
export const parseSubmission = (body: Body): Promise<Submission> =>
  withSubmission(body, async (submission) => submission)

/** The same for what is made of it: whatever is wrong with a field is told by the name that it was sent under. */
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
      return use(
        ofForm(parseFields<z.infer<typeof formFields>>(read.form, await fieldsOf(contentType, bytes))),
      )
    case 'application/json': {
      const { fields, sentAs } = named(jsonOf(bytes))
      return asSent(sentAs, async () =>
        use(ofJson(parseFields<z.infer<typeof jsonFields>>(read.json, fields))),
      )
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
    throw badField('body', 'it is no JSON')
  }
}

/** One name for each field, and a list for what may be one; and of those that were sent by another name, which. */
function named(json: unknown): { fields: unknown; sentAs: ReadonlyMap<string, string> } {
  const sentAs = new Map<string, string>()
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { fields: json, sentAs }
  const fields: Record<string, unknown> = Object.create(null)
  for (const [given, value] of Object.entries(json)) {
    const name = Object.hasOwn(IN_CAMEL_CASE, given) ? (IN_CAMEL_CASE[given] ?? given) : given
    if (fields[name] !== undefined) throw badField(given, 'it stands there twice')
    fields[name] = MANY.includes(name) && typeof value === 'string' ? [value] : value
    if (given !== name) sentAs.set(name, given)
  }
  return { fields, sentAs }
}

/** The values of a form by field: bytes of files, text of all else, a list of what may stand several times. */
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
    else throw badField(name, 'it stands there twice')
  }
  return fields
}

async function formOf(contentType: string, bytes: Uint8Array): Promise<FormData> {
  if (parts(contentType, bytes) > MAX_PARTS) throw tooManyParts()
  try {
    const body = bytes as Uint8Array<ArrayBuffer>
    return await new Response(body, { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw badField('body', 'it is no whole multipart/form-data')
  }
}

const tooManyParts = (): ProbeError => badField('body', `it has more than ${MAX_PARTS} parts`)

/** What they are at least: counted before they are read, which takes far longer. */
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

/** Of an optional fact, what is no UTF-8 is read as far as it goes: its name or host may be in another encoding. */
async function textOf(name: string, value: FormValue): Promise<string> {
  if (typeof value === 'string') return value
  const fatal = !OPTIONAL.some((field) => field === name)
  try {
    return new TextDecoder('utf-8', { fatal, ignoreBOM: true }).decode(await value.arrayBuffer())
  } catch {
    throw badField(name, 'it is no text in UTF-8')
  }
}

const ofForm = ({ force, ...form }: z.infer<typeof formFields>): Submission =>
  submissionOf({ ...form, force: ['true', '1', 'yes'].includes(force ?? '') })

function ofJson({
  config,
  symvers,
  kheaders,
  force = false,
  ...json
}: z.infer<typeof jsonFields>): Submission {
  const bytes = (base64: string | undefined) => base64 && Buffer.from(base64, 'base64')
  return submissionOf({
    ...json,
    config: Buffer.from(config, 'base64'),
    symvers: bytes(symvers) || undefined,
    kheaders: bytes(kheaders) || undefined,
    force,
  })
}

function submissionOf(
  form: Omit<z.infer<typeof formFields>, 'force'> & { readonly force: boolean },
): Submission {
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

/** What a fact is not is said of it in the same words wherever it is asked for. */
function factsOf({ release, version, machine, osRelease, etcVersion }: RawFacts) {
  try {
    return hostFacts({ release, version, machine, osRelease, etcVersion })
  } catch (error) {
    throw isProbeError(error, 'malformed') ? new ProbeError('bad-field', error.message) : error
  }
}
