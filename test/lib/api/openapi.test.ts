// Compares the path parts, bodies and examples of the OpenAPI document with the code that reads them.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type * as z from 'zod'
import { formFields, JSON_EXAMPLE, jsonFields, MAX_BODY, parseSubmission } from '../../../lib/api/body.ts'
import { openApiDocument } from '../../../lib/api/openapi.ts'
import { ROUTES } from '../../../lib/api/routes.ts'
import { isProbeError, ProbeError } from '../../../lib/model/errors.ts'
import { parse } from '../../../lib/names/grammar.ts'
import { problemOf } from '../../../lib/serve/answer.ts'

interface Schema {
  readonly type?: string
  readonly format?: string
  readonly pattern?: string
  readonly maxLength?: number
  readonly maxItems?: number
  readonly not?: { readonly pattern: string }
  readonly enum?: readonly string[]
  readonly examples?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
}
interface Media {
  readonly schema: Schema
  readonly encoding?: Readonly<Record<string, unknown>>
  readonly example?: unknown
}
interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
}
const { paths } = openApiDocument() as unknown as {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
const bodies = Object.entries(paths).flatMap(([path, operations]) =>
  Object.values(operations).flatMap(({ requestBody }) =>
    Object.entries(requestBody?.content ?? {}).map(([type, media]) => ({ path, type, media })),
  ),
)

/** The schema of the list, where a single value is allowed too. */
const listOf = (schema: Schema): Schema => schema.anyOf?.[0] ?? schema

const PROBE = '/driver/{driverVersion}/{arch}/{file}'
const parameter = (path: string, name: string): Schema =>
  paths[path]!.get!.parameters.find((one) => one.name === name)!.schema

const fits = (text: string, { pattern = '', maxLength = 0, not }: Schema): boolean =>
  text.length <= maxLength &&
  new RegExp(pattern).test(text) &&
  (not === undefined || !new RegExp(not.pattern).test(text))

function isName(path: string): boolean {
  try {
    parse(path)
    return true
  } catch (error) {
    if (isProbeError(error, 'malformed')) return false
    throw error
  }
}

describe('the registry accepts a part of a path exactly if the document allows it:', () => {
  const word = (...parts: string[]) =>
    fc.array(fc.constantFrom(...parts), { maxLength: 9 }).map((all) => all.join(''))
  const file = fc
    .tuple(
      fc.constantFrom('falco', 'scap', 'falco-probe', 'scap-probe', 'other', ''),
      word('_', '-', '.', 'cos', '6.1', '1'),
      word('_', '-', '.', '+', '~', '6', 'amd64', '$', '..'),
      word('_', '1', '.', 'aws', '-'),
      fc.constantFrom('.ko', '.o', '.exe', ''),
    )
    .map(([name, target, release, version, end]) => `${name}_${target}_${release}_${version}${end}`)

  test('the file', () => {
    const [schema, beside] = [parameter(PROBE, 'file'), parameter(`${PROBE}.{companion}`, 'file')]
    let taken = 0
    fc.assert(
      fc.property(
        fc.oneof(file, fc.stringMatching(/^falco_[a-z_]{0,4}_6[.]1[-._+a-z0-9]{0,9}_1[.]ko$/)),
        (name) => {
          const said = isName(`/driver/11.0.0+driver/x86_64/${name}`)
          expect(fits(name, schema), name).toBe(said)
          if (said) taken += 1
        },
      ),
      { numRuns: 5000 },
    )
    expect(taken).toBeGreaterThan(500)
    for (const length of [255, 256]) {
      const name = `falco_debian_6${'1'.repeat(length - 'falco_debian_6_1.ko'.length)}_1.ko`
      expect([fits(name, schema), isName(`/driver/1/x86_64/${name}`)]).toEqual([
        length === 255,
        length === 255,
      ])
    }
    for (const length of [248, 249]) {
      const name = `falco_debian_6${'1'.repeat(length - 'falco_debian_6_1.ko'.length)}_1.ko`
      const said = isName(`/driver/1/x86_64/${name}.sha256`)
      expect([fits(name, beside), said]).toEqual([length === 248, length === 248])
    }
  })

  test('the driver version', () => {
    const schema = parameter(PROBE, 'driverVersion')
    const versions = fc.oneof(
      word('.', '-', '+', '~', '_', '1', 'driver', '$'),
      fc.constantFrom('1'.repeat(128), '1'.repeat(129)),
    )
    fc.assert(
      fc.property(
        versions.filter((version) => version !== ''),
        (version) => {
          const said = isName(`/driver/${version}/x86_64/falco_debian_6.1_1.ko`)
          expect(fits(version, schema), version).toBe(said)
        },
      ),
      { numRuns: 3000 },
    )
  })
})

test('no pattern of the document uses lookahead or lookbehind, which some languages lack', () => {
  const patterns = [...JSON.stringify(openApiDocument()).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)]
  expect(patterns.length).toBeGreaterThan(10)
  for (const [, pattern = ''] of patterns) expect(pattern).not.toMatch(/\(\?[^:]/)
})

describe('a body', () => {
  test.each(bodies)('of $path as $type documents the encoding of each field', ({ type, media }) => {
    const { properties = {} } = media.schema
    const lists = Object.keys(properties).filter((name) => listOf(properties[name] ?? {}).type === 'array')
    const files = Object.keys(properties).filter((name) => properties[name]?.format === 'binary')
    expect(lists).toEqual(expect.arrayContaining(['kernelurls', 'driver-version', 'kind']))
    if (type === 'application/json') {
      expect([files, media.encoding]).toEqual([[], undefined])
      for (const name of ['config', 'symvers', 'kheaders'])
        expect(properties[name]).toMatchObject({ type: 'string', format: 'base64', maxLength: MAX_BODY })
      return
    }
    expect(type).toBe('multipart/form-data')
    expect(files).toEqual(['config', 'symvers', 'kheaders'])
    for (const name of files) expect(properties[name]).toMatchObject({ type: 'string', format: 'binary' })
    for (const name of lists) expect(media.encoding?.[name]).toEqual({ style: 'form', explode: true })
  })

  test('has a limit for every list and every string but three optional facts', () => {
    for (const { media } of bodies)
      for (const [name, schema] of Object.entries(media.schema.properties ?? {})) {
        const { type, format, maxLength, maxItems, items, ...field } = listOf(schema)
        if (type === 'array') expect(maxItems, name).toBeGreaterThan(0)
        const text = type === 'array' ? items : { type, format, maxLength, ...field }
        if (text?.type !== 'string' || text.format === 'binary' || text.enum !== undefined) continue
        // The registry reports odd values of these and refuses none: the limit of the body bounds them.
        if (['os-release', 'etc-version', 'proc-version'].includes(name)) continue
        expect(text.maxLength, name).toBeGreaterThan(0)
      }
  })

  test.each([
    ['release', '6.1.192-mine', true],
    ['release', ' 6.1.192-mine\n', true],
    ['release', `6.${'1'.repeat(62)}`, true],
    ['release', `6.${'1'.repeat(63)}`, false],
    ['release', 'mine', false],
    ['release', '6', false],
    ['release', '6x.1', false],
    ['release', `611.1${'x'.repeat(59)}`, true],
    ['release', `611.1${'x'.repeat(60)}`, false],
    ['release', '6.1 mine', false],
    ['version', '#1 SMP', true],
    ['version', '#1 SMP\n', true],
    ['version', 'x'.repeat(65), false],
    ['version', '   ', false],
    ['version', '#1 ü', true],
    ['version', '#1\u0007', false],
    ['machine', 'arm64\n', true],
    ['machine', 'riscv64', false],
    ['driver-version', ['11.0.0+driver'], true],
    ['driver-version', ['../x'], false],
    ['kernelurls', ['https://a.example/b_1.deb'], true],
    ['kernelurls', ['ftp://a.example/b_1.deb'], false],
    ['kernelurls', ['https://a.example/b_1.exe'], false],
  ])('accepts as %s %j: %s, and the document agrees', async (field, value, taken) => {
    const body = { ...JSON_EXAMPLE, [field]: value }
    const sent = { contentType: 'application/json', bytes: new TextEncoder().encode(JSON.stringify(body)) }
    if (taken) await parseSubmission(sent)
    else await expect(parseSubmission(sent)).rejects.toThrow(new RegExp(`^${field}: it is no`))
    for (const { media, path } of bodies) {
      // A host may ask for a verdict on any machine.
      if (path === '/v1/verdicts' && field === 'machine') continue
      const { items, ...schema } = listOf(media.schema.properties?.[field] ?? {})
      expect(fits([value].flat()[0] ?? '', items ?? schema)).toBe(taken)
    }
  })

  test('is accepted unchanged if it is an example of the document', async () => {
    const examples = bodies.flatMap(({ media }) => (media.example === undefined ? [] : [media.example]))
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples)
      await parseSubmission({ contentType: 'application/json', bytes: Buffer.from(JSON.stringify(example)) })
  })

  test('has the same fields as a form and as JSON', () => {
    const names = (schema: z.ZodObject) => Object.keys(schema.shape).sort()
    expect(names(formFields)).toEqual(names(jsonFields))
  })
})

test('every parameter but integers, enums and the cursor has an example, and every example fits its schema', () => {
  for (const operations of Object.values(paths))
    for (const { parameters } of Object.values(operations))
      for (const { name, schema } of parameters) {
        if (schema.type === 'integer') continue
        if (schema.enum === undefined && name !== 'cursor') expect(schema.examples, name).toBeDefined()
        for (const example of schema.examples ?? [])
          expect(schema.enum?.includes(example) ?? fits(example, { maxLength: 4096, ...schema }), name).toBe(
            true,
          )
      }
})

test('the error for a bad query mentions no submission', () => {
  const { title } = problemOf(new ProbeError('bad-field', 'limit: it is no number'))
  expect(title).toBe('A field or parameter is missing or malformed')
  const { properties } = (
    openApiDocument() as {
      components: { schemas: { Problem: { properties: Record<string, { description?: string }> } } }
    }
  ).components.schemas.Problem
  expect(properties.field?.description).not.toMatch(/submission/)
  expect(ROUTES.filter(({ query }) => query !== undefined).length).toBeGreaterThan(2)
})
