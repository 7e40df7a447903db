// Loads the synthesized templates of one registry, checks that all parts are known here, and resolves their names.

import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve as resolvePath } from 'node:path'
import { isObject, type Json, type JsonObject, object, string } from '../wire/json.ts'
import { type Exports, exportsOf, repeated, resolveInOrder } from './exports.ts'
import { type Resolve, resolver, type Scope } from './intrinsics.ts'
import { type Identity, isCustom, isInert, type ResourceType, resourceType } from './resource-types.ts'

export interface Resource {
  readonly logicalId: string
  readonly type: string
  /** physical name */
  readonly name: string
  /** value of `Ref`; `arn`: value of `Fn::GetAtt` of `Arn`, if the type has one */
  readonly ref: string
  readonly arn: string | undefined
  readonly properties: JsonObject
}

/** All stacks of the assembly together: on one machine they are one. */
export interface Template {
  /** prefix of all physical names: the name of the first stack, which the names of the others extend */
  readonly stack: string
  readonly resources: readonly Resource[]
  ofType(type: string): readonly Resource[]
  custom(): readonly Resource[]
  /** outputs with string values, by name */
  readonly outputs: Readonly<Record<string, string>>
  /** folder of the asset with this S3Key */
  asset(s3Key: string): string
}

const SECTIONS = ['Description', 'Outputs', 'Resources']
const ATTRIBUTES = [
  'DeletionPolicy',
  'DependsOn',
  'Metadata',
  'Properties',
  'Type',
  'UpdatePolicy',
  'UpdateReplacePolicy',
]

/**
 * Loads the templates of a cloud assembly (`cdk.out`). Throws an error that names the part if a resource type, property,
 * intrinsic or section is unknown, or if an import has no export in an earlier stack.
 */
export function loadTemplate(assembly: string, { publicUrl }: { publicUrl: string }): Template {
  const stacks = stacksIn(assembly)
  // Older data folders are from a time with one stack, so resources of all stacks get names with the first stack's name.
  const [stack = ''] = stacks
  const documents = stacks.map((name) => readJson(join(assembly, `${name}.template.json`)))
  const parts = resolveInOrder(documents, (document, exports) =>
    resolveAll({ stack, publicUrl, exports }, document),
  )
  const resources = parts.flatMap((part) => part.resources)
  const twice = repeated(resources.map(({ logicalId }) => logicalId))
  if (twice !== undefined)
    throw new Error(`two stacks have a resource ${twice}: on one machine they would be one`)
  return {
    stack,
    resources,
    outputs: Object.assign({}, ...parts.map(({ outputs }) => outputs)),
    ofType: (type) => resources.filter((resource) => resource.type === type),
    custom: () => resources.filter((resource) => isCustom(resource.type)),
    asset: assets(assembly, stacks),
  }
}

/** Every stack's name must start with the first one's. */
function stacksIn(assembly: string): string[] {
  const files = readdirSync(assembly).filter((file) => file.endsWith('.template.json'))
  const names = files.map((file) => file.replace(/\.template\.json$/, '')).sort()
  const [first] = names
  if (first === undefined) throw new Error(`${assembly} holds no template`)
  const strange = names.find((name) => !name.startsWith(first))
  if (strange === undefined) return names
  throw new Error(`${assembly} holds templates of two registries, ${first} and ${strange}; one is expected`)
}

const readJson = (file: string): JsonObject => object(JSON.parse(readFileSync(file, 'utf8')) as Json, file)

function assets(assembly: string, stacks: readonly string[]): (s3Key: string) => string {
  const listed = stacks.map((stack) => readJson(join(assembly, `${stack}.assets.json`)).files ?? {})
  const files: JsonObject = Object.assign({}, ...listed.map((files) => object(files, 'assets.json: files')))
  return (s3Key) => {
    const entry = files[s3Key.replace(/\.zip$/, '')]
    if (!isObject(entry)) throw new Error(`asset ${s3Key} is not in ${stacks[0]}.assets.json`)
    return resolvePath(assembly, string(object(entry.source, s3Key).path, s3Key))
  }
}

interface Surroundings {
  readonly stack: string
  readonly publicUrl: string
  /** exports of the stacks that are resolved before */
  readonly exports: Exports
}

function resolveAll(surroundings: Surroundings, document: JsonObject) {
  known(Object.keys(document), SECTIONS, 'section')
  const raw = object(document.Resources, 'Resources')
  const scope = scopeOf(surroundings, raw)
  const resolve = resolver(scope)
  const outputs = object(resolve(document.Outputs ?? {}, 'Outputs'), 'Outputs')
  return {
    resources: Object.keys(raw).map((id) => toResource(id, object(raw[id], id), scope, resolve)),
    outputs: outputsOf(outputs),
    exports: exportsOf(outputs),
  }
}

const outputsOf = (outputs: JsonObject): Record<string, string> =>
  Object.fromEntries(
    Object.entries(outputs).flatMap(([name, output]) => {
      const { Value } = object(output, name)
      return typeof Value === 'string' ? [[name, Value]] : []
    }),
  )

function toResource(logicalId: string, raw: JsonObject, scope: Scope, resolve: Resolve): Resource {
  known(Object.keys(raw), ATTRIBUTES, `attribute of ${logicalId}:`)
  const type = string(raw.Type, `${logicalId}.Type`)
  const properties = isInert(type) ? {} : object(resolve(raw.Properties ?? {}, logicalId), logicalId)
  if (isCustom(type)) return { logicalId, type, name: logicalId, ref: '', arn: undefined, properties }
  const { lives, inert, attributes } = resourceType(type)
  known(Object.keys(properties), [...lives, ...inert], `property of ${type} (${logicalId}):`)
  const [name, ref] = [scope.name(logicalId), scope.ref(logicalId)]
  const arn = Object.hasOwn(attributes, 'Arn') ? scope.attribute(logicalId, 'Arn') : undefined
  return { logicalId, type, name, ref, arn, properties }
}

/** Physical names depend only on the template, so that the next start finds its data. */
function scopeOf({ stack, publicUrl, exports }: Surroundings, raw: JsonObject): Scope {
  const found = (logicalId: string): { readonly type: ResourceType; readonly it: Identity } => {
    const entry = raw[logicalId]
    if (!isObject(entry)) throw new Error(`the template refers to ${logicalId}, which it does not define`)
    const typeName = string(entry.Type, `${logicalId}.Type`)
    if (isCustom(typeName))
      throw new Error(`a reference to the custom resource ${logicalId} is not known here`)
    const type = resourceType(typeName)
    const textOf = (property: string | undefined): string | undefined => {
      const given = property && isObject(entry.Properties) ? entry.Properties[property] : undefined
      const resolved = given === undefined ? undefined : resolver(scope)(given, logicalId)
      return typeof resolved === 'string' ? resolved : undefined
    }
    const within = textOf(type.withinProperty)
    const name = textOf(type.nameProperty) ?? type.name(stack, logicalId)
    return { type, it: { stack, logicalId, publicUrl, within, name } }
  }
  const scope: Scope = {
    exported: (name) => exports.get(name),
    isResource: (logicalId) => Object.hasOwn(raw, logicalId),
    name: (logicalId) => found(logicalId).it.name,
    ref: (logicalId) => {
      const { type, it } = found(logicalId)
      return type.ref(it)
    },
    attribute: (logicalId, attribute) => {
      const { type, it } = found(logicalId)
      if (!Object.hasOwn(type.attributes, attribute))
        throw new Error(`attribute ${attribute} of ${logicalId} is not known here`)
      return type.attributes[attribute]!(it)
    },
  }
  return scope
}

function known(names: readonly string[], all: readonly string[], what: string): void {
  const unknown = names.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Error(`${what} ${unknown.join(', ')} is not known on one machine`)
}
