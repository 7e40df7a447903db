// The OpenAPI 3.1 document, made of the table of routes and its schemas: https://spec.openapis.org/oas/v3.1.0

import * as z from 'zod'
import { sha256Hex } from '../model/digest.ts'
import { ARCHES, DRIVER_NAMES } from '../model/probe.ts'
import { COMPANIONS } from '../names/grammar.ts'
import { type Response, ROUTES, type Route } from './routes.ts'
import * as schemas from './schemas.ts'

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

/** Parts of paths; the alphabet is that of names. */
const PART = '^[A-Za-z0-9.+~_-]+$'
const PARAMETERS: Readonly<Record<string, Json>> = {
  driverVersion: { type: 'string', pattern: PART, examples: ['10.2.0+driver'] },
  arch: { enum: ARCHES },
  file: {
    type: 'string',
    pattern: `^(${DRIVER_NAMES.join('|')})_[A-Za-z0-9.+~_-]+\\.(ko|o)$`,
    examples: ['falco_debian_6.1.192-2-amd64_1.ko'],
  },
  companion: { enum: COMPANIONS },
  config: withoutId(z.toJSONSchema(sha256Hex)),
  id: { type: 'string' },
}

export function openApiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of ROUTES) {
    paths[route.path] ??= {}
    paths[route.path]![route.method] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: "Registry of Falco's kernel probes",
      version: '1',
      description:
        'Kernel modules and eBPF objects by kernel release; what is missing is built, checked and signed. HEAD is answered wherever GET is.',
    },
    paths,
    components: { schemas: components() },
  }
}

function components(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id })
  const { schemas: made } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` })
  return Object.fromEntries(Object.entries(made).map(([id, schema]) => [id, withoutId(schema)]))
}

/** In a document of its own a schema has an address; within this one it has a place. */
function withoutId(schema: object): Json {
  const { $id: _, $schema: __, ...rest } = schema as Record<string, unknown>
  return rest
}

function operationOf({ id, about, path, query, body, responses }: Route): Json {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: PARAMETERS[name],
  }))
  return {
    operationId: id,
    summary: about,
    parameters: [...inPath, ...(query === undefined ? [] : queryParameters(query))],
    ...(body === undefined ? {} : { requestBody: { required: true, content: mapValues(body, bodyOf) } }),
    responses: mapValues(responses, responseOf),
  }
}

function queryParameters(query: z.ZodObject): Json[] {
  const of = (io: 'input' | 'output') =>
    withoutId(z.toJSONSchema(query, { io })) as { properties?: Record<string, Json>; required?: string[] }
  // What the text of a number is read as describes it better than the text; what may be left out, only the text does.
  const { properties = {} } = of('output')
  const { required = [] } = of('input')
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

/** Files of a form are bytes, which JSON Schema has no type for. */
const bodyOf = (schema: z.ZodObject): Json => ({
  schema: withoutId(
    z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema._zod.def.type === 'custom') jsonSchema.contentMediaType = 'application/octet-stream'
      },
    }),
  ),
})

function responseOf({ about, content, headers = [] }: Response): Json {
  const named = headers.length === 0 ? {} : { headers: fromKeys(headers, { schema: { type: 'string' } }) }
  return {
    description: about,
    ...named,
    ...(content === undefined ? {} : { content: mapValues(content, schemaOf) }),
  }
}

function schemaOf(schema: z.ZodType | 'bytes'): Json {
  if (schema === 'bytes') return {}
  const name = Object.keys(NAMED).find((id) => NAMED[id] === schema)
  return {
    schema: name === undefined ? withoutId(z.toJSONSchema(schema)) : { $ref: `#/components/schemas/${name}` },
  }
}

const mapValues = <T>(object: Readonly<Record<string | number, T>>, map: (value: T) => Json): Json =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))

const fromKeys = (keys: readonly string[], value: Json): Json =>
  Object.fromEntries(keys.map((key) => [key, value]))
