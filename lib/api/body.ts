// From the body of a request to a submission: a form, as curl -F sends it, or the same as JSON.

import * as z from 'zod'
import { hostFacts } from '../clients/index.ts'
import { isProbeError, ProbeError } from '../errors.ts'
import { quote } from '../names/alphabet.ts'
import { DRIVER_NAMES, KINDS } from '../probe.ts'
import type { Submission } from '../submission.ts'
import { badField, parseFields } from './fields.ts'

/** A Lambda is given 6 MB, a third of which base64 takes: AWS Lambda developer guide, "Quotas". */
export const MAX_BODY = 4_400_000
const MAX_PARTS = 64

const short = z.string().min(1).max(256)
const text = z.string().max(65_536)
const versions = z.array(z.string().min(1).max(128)).max(8)
const urls = z.array(z.string().max(512)).max(8)

const facts = {
  release: short.describe('uname -r'),
  version: short.describe('uname -v'),
  machine: short.describe('uname -m'),
}
const FORCE = z.enum(['true', 'false', '1', '0', 'yes', 'no'])

const file = z.instanceof(Uint8Array)

/** Field names of a form; those of `MANY` may stand several times. */
export const formFields = z.strictObject({
  config: file,
  ...facts,
  'os-release': text.optional(),
  'etc-version': text.optional(),
  'proc-version': text.optional(),
  symvers: file.optional(),
  kheaders: file.optional(),
  kernelurls: urls.optional(),
  'driver-version': versions.optional(),
  'driver-name': z.enum(DRIVER_NAMES).optional(),
  kind: z.array(z.enum(KINDS)).max(KINDS.length).optional(),
  force: FORCE.optional(),
})
const FILES: readonly string[] = ['config', 'symvers', 'kheaders']
const MANY: readonly string[] = ['kernelurls', 'driver-version', 'kind']

export const jsonFields = z.strictObject({
  config: z.base64().describe('plain or gzip'),
  ...facts,
  osRelease: text.optional(),
  etcVersion: text.optional(),
  procVersion: text.optional(),
  symvers: z.base64().optional(),
  kheaders: z.base64().optional(),
  kernelUrls: urls.optional(),
  driverVersions: versions.optional(),
  driverName: z.enum(DRIVER_NAMES).optional(),
  kinds: z.array(z.enum(KINDS)).max(KINDS.length).optional(),
  force: z.boolean().optional(),
})

type FormValue = string | Blob

export interface Body {
  /** as the request's header says it */
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** ProbeError `body-too-large`, and `bad-field`, whose message begins with the name of the field. */
export async function parseSubmission({ contentType, bytes }: Body): Promise<Submission> {
  if (bytes.length > MAX_BODY)
    throw new ProbeError('body-too-large', `body: it has ${bytes.length} bytes; ${MAX_BODY} are allowed`)
  const [type = ''] = contentType.toLowerCase().split(';', 1)
  switch (type.trim()) {
    case 'multipart/form-data':
      return ofForm(parseFields(formFields, await fieldsOf(contentType, bytes)))
    case 'application/json':
      return ofJson(parseFields(jsonFields, jsonOf(bytes)))
    default:
      throw badField('content-type', `${quote(type)} is neither multipart/form-data nor application/json`)
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw badField('body', 'it is no JSON')
  }
}

/** The values of a form by field: bytes of files, text of all else, a list of what may stand several times. */
async function fieldsOf(contentType: string, bytes: Uint8Array): Promise<Record<string, unknown>> {
  const form = await formOf(contentType, bytes)
  const fields: Record<string, unknown> = Object.create(null)
  let parts = 0
  for (const [name, value] of form) {
    parts += 1
    if (parts > MAX_PARTS) throw badField('body', `it has more than ${MAX_PARTS} parts`)
    const content = FILES.includes(name) ? await bytesOf(value) : await textOf(name, value)
    if (MANY.includes(name)) fields[name] = [...((fields[name] as unknown[]) ?? []), content]
    else if (fields[name] === undefined) fields[name] = content
    else throw badField(name, 'it stands there twice')
  }
  return fields
}

async function formOf(contentType: string, bytes: Uint8Array): Promise<FormData> {
  try {
    const body = bytes as Uint8Array<ArrayBuffer>
    return await new Response(body, { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw badField('body', 'it is no whole multipart/form-data')
  }
}

const bytesOf = async (value: FormValue): Promise<Uint8Array> =>
  typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(await value.arrayBuffer())

async function textOf(name: string, value: FormValue): Promise<string> {
  if (typeof value === 'string') return value
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await value.arrayBuffer())
  } catch {
    throw badField(name, 'it is no text')
  }
}

function ofForm(form: z.infer<typeof formFields>): Submission {
  return {
    config: form.config,
    facts: factsOf({ ...form, osRelease: form['os-release'], etcVersion: form['etc-version'] }),
    procVersion: form['proc-version'],
    symvers: form.symvers,
    kheaders: form.kheaders,
    kernelUrls: form.kernelurls ?? [],
    driverVersions: form['driver-version'] ?? [],
    driverName: form['driver-name'],
    kinds: form.kind ?? [],
    force: ['true', '1', 'yes'].includes(form.force ?? ''),
  }
}

function ofJson(json: z.infer<typeof jsonFields>): Submission {
  const bytes = (base64: string | undefined) =>
    base64 === undefined ? undefined : Buffer.from(base64, 'base64')
  return {
    config: Buffer.from(json.config, 'base64'),
    facts: factsOf(json),
    procVersion: json.procVersion,
    symvers: bytes(json.symvers),
    kheaders: bytes(json.kheaders),
    kernelUrls: json.kernelUrls ?? [],
    driverVersions: json.driverVersions ?? [],
    driverName: json.driverName,
    kinds: json.kinds ?? [],
    force: json.force ?? false,
  }
}

interface Facts {
  readonly release: string
  readonly version: string
  readonly machine: string
  readonly osRelease?: string | undefined
  readonly etcVersion?: string | undefined
}

/** What a fact is not is said of it in the same words wherever it is asked for. */
function factsOf({ release, version, machine, osRelease, etcVersion }: Facts) {
  try {
    return hostFacts({ release, version, machine, osRelease, etcVersion })
  } catch (error) {
    throw isProbeError(error, 'malformed') ? new ProbeError('bad-field', error.message) : error
  }
}
