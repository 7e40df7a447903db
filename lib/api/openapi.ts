// Generates the OpenAPI 3.1 document from the table of routes and its schemas: https://spec.openapis.org/oas/v3.1.0

import * as z from 'zod'
import { sha256Hex } from '../model/digest.ts'
import { ARCHES } from '../model/probe.ts'
import { COMPANIONS, MAX_FILE } from '../names/file.ts'
import { MAX_DRIVER_VERSION } from '../names/grammar.ts'
import { JSON_EXAMPLE } from './body.ts'
import { type Response, ROUTES, type Route } from './routes.ts'
import * as schemas from './schemas.ts'
import { idOf } from './view.ts'

type Json = Readonly<Record<string, unknown>>

const NAMED: Readonly<Record<string, z.ZodType>> = {
  Probe: schemas.probeView,
  ProbeList: schemas.probeList,
  SubmissionAnswer: schemas.submissionAnswer,
  VerdictsAnswer: schemas.verdictsAnswer,
  DriverVersions: schemas.driverVersionList,
  Targets: schemas.targetList,
  Problem: schemas.problemView,
}

/** The probe in the document's examples. */
const EXAMPLE = { driverVersion: '11.0.0+driver', arch: 'x86_64', file: 'falco_debian_6.1.192-2-amd64_1.ko' }
const EXAMPLE_KEY = `driver/${EXAMPLE.driverVersion}/${EXAMPLE.arch}/${EXAMPLE.file}`

/** The segments that lib/names accepts. The patterns avoid lookahead, so that they work in all languages. */
const PARAMETERS: Readonly<Record<string, Json>> = {
  driverVersion: {
    type: 'string',
    maxLength: MAX_DRIVER_VERSION,
    pattern: '^[A-Za-z0-9](?:[.]?[A-Za-z0-9+~_-])*[.]?$',
    examples: [EXAMPLE.driverVersion],
  },
  arch: { type: 'string', enum: ARCHES, examples: [EXAMPLE.arch] },
  file: {
    type: 'string',
    maxLength: MAX_FILE,
    pattern:
      '^(?:falco(?:-probe)?|scap)_[A-Za-z0-9.-]*(?:_+[A-Za-z.-][A-Za-z0-9.-]*)*_+[0-9][A-Za-z0-9.+~_-]*_[A-Za-z0-9][A-Za-z0-9.+~-]*[.](?:ko|o)$',
    not: { pattern: '[.][.]' },
    examples: [EXAMPLE.file],
  },
  companion: { type: 'string', enum: COMPANIONS, examples: ['json'] },
  config: { ...withoutId(z.toJSONSchema(sha256Hex)), examples: ['0123456789abcdef'.repeat(4)] },
  id: { type: 'string', maxLength: 1024, pattern: '^[A-Za-z0-9_-]+$', examples: [idOf(EXAMPLE_KEY)] },
}

/** The name of a sidecar, suffix included, may be as long as a probe's, so the file part is shorter. */
const FILE_BESIDE: Json = {
  ...PARAMETERS.file,
  maxLength: MAX_FILE - Math.max(...COMPANIONS.map((companion) => `.${companion}`.length)),
}

export function openApiDocument(): Json {
  const byPath = Object.groupBy(ROUTES, ({ path }) => path)
  const paths = mapValues(byPath, (routes = []) =>
    Object.fromEntries(routes.map((route) => [route.method, operationOf(route)])),
  )
  return {
    openapi: '3.1.0',
    info: {
      title: "Registry of Falco's kernel probes",
      version: '1',
      description:
        'Kernel modules and eBPF objects by kernel release; missing ones are built, checked and signed. All GET routes answer HEAD as well.',
    },
    paths,
    components: { schemas: components() },
  }
}

function components(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id })
  const { schemas: made } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` })
  return mapValues(made, withoutId)
}

/** Removes the `$id` and `$schema` of a stand-alone schema. */
function withoutId(schema: object): Json {
  const { $id: _, $schema: __, ...rest } = schema as Record<string, unknown>
  return rest
}

function operationOf({ id, about, path, query, body, responses }: Route): Json {
  const beside = path.endsWith('.{companion}')
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: beside && name === 'file' ? FILE_BESIDE : PARAMETERS[name],
  }))
  return {
    operationId: id,
    summary: about,
    parameters: [...inPath, ...(query === undefined ? [] : queryParameters(query))],
    requestBody: body && { required: true, content: mapValues(body, bodyOf) },
    responses: mapValues(responses, responseOf),
  }
}

function queryParameters(query: z.ZodObject): Json[] {
  const of = (io: 'input' | 'output') =>
    withoutId(z.toJSONSchema(query, { io })) as { properties?: Record<string, Json>; required?: string[] }
  // The output schema (a number) describes a parameter better than the input (a text), but only the input has `required`.
  const { properties = {} } = of('output')
  const { required = [] } = of('input')
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

/** OpenAPI calls bytes `binary`. In a form, repeated fields are parts with the same name, which `encoding` declares. */
function bodyOf(schema: z.ZodObject): Json {
  const described = withoutId(
    z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema._zod.def.type === 'custom')
          Object.assign(jsonSchema, { type: 'string', format: 'binary' })
      },
    }),
  ) as { readonly properties: Readonly<Record<string, Json>> }
  const { properties } = described
  const isForm = Object.values(properties).some(({ format }) => format === 'binary')
  return isForm
    ? { schema: described, encoding: encodingOf(properties) }
    : { schema: { ...described, properties: mapValues(properties, orOne) }, example: JSON_EXAMPLE }
}

/** JSON may contain a single value in place of a list of one. */
const orOne = (schema: Json): Json =>
  schema.type === 'array' ? { anyOf: [schema, schema.items as Json] } : schema

function encodingOf(properties: Readonly<Record<string, Json>>): Json {
  const encoded: Record<string, Json> = {}
  for (const [name, { type, format }] of Object.entries(properties)) {
    if (type === 'array') encoded[name] = { style: 'form', explode: true }
    if (format === 'binary') encoded[name] = { contentType: 'application/octet-stream' }
  }
  return encoded
}

const responseOf = ({ about, content, headers }: Response): Json => ({
  description: about,
  headers: headers && Object.fromEntries(headers.map((name) => [name, { schema: { type: 'string' } }])),
  content: content && mapValues(content, schemaOf),
})

function schemaOf(schema: z.ZodType | 'bytes'): Json {
  if (schema === 'bytes') return { schema: { type: 'string' } }
  const name = Object.keys(NAMED).find((id) => NAMED[id] === schema)
  return {
    schema: name === undefined ? withoutId(z.toJSONSchema(schema)) : { $ref: `#/components/schemas/${name}` },
  }
}

const mapValues = <T>(object: Readonly<Record<string | number, T>>, map: (value: T) => Json): Json =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
