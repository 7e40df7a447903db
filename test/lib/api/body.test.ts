import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type * as z from 'zod'
import { formFields, jsonFields, MAX_BODY, parseSubmission } from '../../../lib/api/body.ts'
import { parseFields } from '../../../lib/api/fields.ts'
import { namesQuery } from '../../../lib/api/names.ts'
import { listQuery, oneQuery } from '../../../lib/api/probes.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import { configBytes } from '../../support/kconfig/vectors.ts'

const CONFIG = configBytes('talos_6.1.54-talos_1_v1.5.3')
const FACTS = { release: '6.1.54-talos', version: '#1 SMP', machine: 'x86_64' }

type Value = string | Uint8Array
/** The form that curl -F sends; a value of bytes is a file. */
async function form(fields: readonly (readonly [string, Value])[]) {
  const data = new FormData()
  for (const [name, value] of fields)
    data.append(name, typeof value === 'string' ? value : new Blob([value as Uint8Array<ArrayBuffer>]))
  const request = new Request('http://localhost/', { method: 'POST', body: data })
  return {
    contentType: request.headers.get('content-type') ?? '',
    bytes: new Uint8Array(await request.arrayBuffer()),
  }
}
const whole: readonly (readonly [string, Value])[] = [['config', CONFIG], ...Object.entries(FACTS)]
const json = (body: unknown) => ({
  contentType: 'application/json; charset=utf-8',
  bytes: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
})
const whole64 = { config: CONFIG.toString('base64'), ...FACTS }

/** Resolves to the code and the field of the error, or to "accepted". */
async function refused(body: Parameters<typeof parseSubmission>[0]): Promise<string> {
  try {
    await parseSubmission(body)
  } catch (error) {
    if (!isProbeError(error)) throw error
    return `${error.code} ${error.message.split(': ')[0]}`
  }
  return 'accepted'
}

describe('a submission', () => {
  test('means the same as a form and as JSON', async () => {
    const files = { symvers: Buffer.from('s'), kheaders: Buffer.from('k') }
    const texts = { osRelease: 'ID=talos\n', etcVersion: '', procVersion: 'Linux version 6.1' }
    const asForm = await parseSubmission(
      await form([
        ...whole,
        ['symvers', files.symvers],
        ['kheaders', files.kheaders],
        ['os-release', Buffer.from(texts.osRelease)],
        ['etc-version', texts.etcVersion],
        ['proc-version', texts.procVersion],
        ['kernelurls', 'http://a/b.deb'],
        ['kernelurls', 'http://a/c.deb'],
        ['driver-version', '1'],
        ['driver-version', '2'],
        ['driver-name', 'scap'],
        ['kind', 'ebpf'],
        ['force', 'yes'],
      ]),
    )
    const asJson = await parseSubmission(
      json({
        ...whole64,
        ...texts,
        symvers: files.symvers.toString('base64'),
        kheaders: files.kheaders.toString('base64'),
        kernelUrls: ['http://a/b.deb', 'http://a/c.deb'],
        driverVersions: ['1', '2'],
        driverName: 'scap',
        kinds: ['ebpf'],
        force: true,
      }),
    )
    const plain = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64')
    for (const said of [asForm, asJson]) {
      expect(plain(said.config)).toBe(CONFIG.toString('base64'))
      expect([plain(said.symvers), plain(said.kheaders)]).toEqual(Object.values(files).map(plain))
    }
    const { config: _, symvers: __, kheaders: ___, ...restOfForm } = asForm
    const { config: _c, symvers: _s, kheaders: _k, ...restOfJson } = asJson
    expect(restOfForm).toEqual(restOfJson)
    expect(restOfForm).toMatchObject({ kinds: ['ebpf'], force: true, driverVersions: ['1', '2'] })
  })

  test('as JSON may use the field names of the form, and a string in place of a list of one', async () => {
    const body = {
      ...whole64,
      'os-release': 'ID=talos',
      'driver-version': '1',
      kind: 'kmod',
      'driver-name': 'scap',
    }
    expect(await parseSubmission(json(body))).toMatchObject({
      driverVersions: ['1'],
      kinds: ['kmod'],
      driverName: 'scap',
      facts: { osRelease: new Map([['ID', 'talos']]) },
    })
  })

  test('needs a config and three facts, and nothing else', async () => {
    expect(await parseSubmission(await form(whole))).toMatchObject({
      kinds: [],
      force: false,
      kernelUrls: [],
    })
    for (const [missing] of whole) {
      expect(await refused(await form(whole.filter(([name]) => name !== missing)))).toBe(
        `bad-field ${missing}`,
      )
      expect(await refused(json({ ...whole64, [missing]: undefined }))).toBe(`bad-field ${missing}`)
    }
  })

  test.each<[string, readonly (readonly [string, Value])[], string]>([
    ['an unknown field', [...whole, ['colour', 'red']], 'bad-field colour'],
    ['a field that stands twice', [...whole, ['release', '6.1']], 'bad-field release'],
    ['a kind that is none', [...whole, ['kind', 'exe']], 'bad-field kind'],
    ['a driver name that is none', [...whole, ['driver-name', 'x']], 'bad-field driver-name'],
    ['a force that is none', [...whole, ['force', 'maybe']], 'bad-field force'],
    [
      'a text that is none',
      [...whole, ['driver-version', Buffer.from([0xff, 0xfe])]],
      'bad-field driver-version',
    ],
    ['a hundred parts', [...whole, ...Array(100).fill(['kernelurls', 'x'])], 'bad-field body'],
    ['a name that is a terminal’s', [...whole, ['\x1b[2J', '']], 'bad-field \\u001b[2J'],
    ['a prototype', [...whole, ['__proto__', 'x']], 'bad-field __proto__'],
  ])('with %s is refused, and the error names the field', async (_, fields, told) => {
    expect(await refused(await form(fields))).toBe(told)
  })

  test.each([
    ['no JSON', '{', 'bad-field body'],
    ['a list', '[]', 'bad-field body'],
    ['null', 'null', 'bad-field body'],
    ['no base64', { ...whole64, config: '%' }, 'bad-field config'],
    ['a number', { ...whole64, release: 6 }, 'bad-field release'],
    ['an unknown field', { ...whole64, colour: '' }, 'bad-field colour'],
    ['a field by both its names', { ...whole64, 'os-release': '', osRelease: '' }, 'bad-field osRelease'],
    ['a release with a command', { ...whole64, release: '$(id)' }, 'bad-field release'],
    ['a machine that is none', { ...whole64, machine: 'pdp11' }, 'bad-field machine'],
  ])('as JSON with %s is refused, and the error names the field', async (_, body, told) => {
    expect(await refused(json(body))).toBe(told)
  })

  test.each(['', 'text/plain', 'multipart/form-data', 'multipart/form-data; boundary=', 'multipart/mixed'])(
    'of the type "%s" is refused',
    async (contentType) => {
      const { bytes } = await form(whole)
      expect(await refused({ contentType, bytes })).toMatch(/^bad-field (content-type|body)$/)
    },
  )

  test('is refused if it is cut off anywhere', async () => {
    const { contentType, bytes } = await form(whole)
    for (let i = 1; i <= 40; i += 1) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * i) / 41))
      expect(await refused({ contentType, bytes: cut })).toMatch(/^bad-field /)
    }
  })

  test('is refused before it is parsed if it is too large', async () => {
    expect(await refused({ contentType: 'x', bytes: new Uint8Array(MAX_BODY + 1) })).toBe(
      'body-too-large body',
    )
  })

  test('of random bytes is refused as a bad field', async () => {
    const types = fc.constantFrom(
      'application/json',
      'multipart/form-data; boundary=x',
      'multipart/form-data',
    )
    await fc.assert(
      fc.asyncProperty(
        types,
        fc.oneof(fc.uint8Array(), fc.string(), fc.json()),
        async (contentType, body) => {
          const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
          expect(await refused({ contentType, bytes })).toMatch(/^bad-field [\x21-\x7e]+$/)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('the error for a bad field', () => {
  const message = (schema: z.ZodObject, value: unknown): string | undefined => {
    try {
      parseFields(schema, value)
    } catch (error) {
      if (!isProbeError(error, 'bad-field')) throw error
      return error.message
    }
    return undefined
  }
  const ODD: readonly unknown[] = [
    undefined,
    null,
    7,
    -1,
    1e9,
    true,
    '',
    '%',
    '$(id)',
    'x'.repeat(70_000),
    [],
    [''],
    [7],
    Array(99).fill('x'),
    ['x'.repeat(2000)],
    { a: 1 },
    new Uint8Array(0),
  ]
  const SCHEMAS = { formFields, jsonFields, oneQuery, listQuery, namesQuery }
  const fields = Object.entries(SCHEMAS).flatMap(([name, schema]) =>
    Object.keys(schema.shape).map((field) => [name, field, schema] as const),
  )

  test.each(fields)('is in plain words: schema %s, field %s', (_, field, schema) => {
    const good =
      schema === formFields
        ? { ...FACTS, config: new Uint8Array(CONFIG) }
        : schema === jsonFields
          ? whole64
          : {}
    const told = ODD.map((value) => message(schema, { ...good, [field]: value })).filter(
      (one) => one?.startsWith(`${field}: `) === true,
    )
    expect(told.length).toBeGreaterThan(3)
    for (const one of told) {
      expect(one).toMatch(/^[a-zA-Z-]+: it (is|must|stands) [\x20-\x7e]+$/)
      // No words of zod, no types of a language, no patterns.
      expect(one).not.toMatch(/invalid|expected|received|undefined|pattern|regex|Uint8Array|string|\^|\\|\{/i)
    }
  })

  test.each([
    [{ ...whole64, release: undefined }, 'release: it must be text; send what uname -r prints, such as'],
    [{ config: whole64.config }, 'release: it is missing; send what uname -r prints, such as'],
    [{ ...whole64, kind: ['exe'] }, 'kind: it must be kmod or ebpf; send kmod or ebpf'],
    [{ ...whole64, colour: 1 }, 'colour: there is no such field; there are config, release, version,'],
    [{ ...whole64, config: '%' }, 'config: it must be base64; send the config of the running kernel'],
  ])('names the fault and the remedy: case %#', (body, words) => {
    expect(message(jsonFields, body)).toContain(words)
  })
})

describe('an optional fact', () => {
  test.each<[string, Value, string | undefined]>([
    ['os-release', Buffer.from('ID=debian\nNAME="Ger\xe4t"\n', 'latin1'), undefined],
    ['os-release', 'x'.repeat(100_000), 'os-release'],
    ['os-release', 'ID=$(id)', 'os-release'],
    ['etc-version', 'a\nb', 'etc-version'],
    ['proc-version', 'x'.repeat(100_000), undefined],
  ])('%s with an odd value does not fail the submission', async (field, value, ignored) => {
    const { facts } = await parseSubmission(await form([...whole, [field, value]]))
    expect(facts.ignored.map((one) => one.field)).toEqual(ignored === undefined ? [] : [ignored])
    if (ignored === undefined && field === 'os-release') expect(facts.osRelease?.get('ID')).toBe('debian')
  })
})
