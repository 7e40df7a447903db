// The synthesized template: loaded, checked against what is known here, and resolved to concrete names.

import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve as resolvePath } from 'node:path'
import { isObject, type Json, type JsonObject, object, string } from '../wire/json.ts'
import { resolver, type Scope } from './intrinsics.ts'
import { type Identity, isCustom, isInert, resourceType } from './resource-types.ts'

export interface Resource {
  readonly logicalId: string
  readonly type: string
  /** physical name */
  readonly name: string
  /** what `Ref` gives, and `Fn::GetAtt` of `Arn` where the type has one */
  readonly ref: string
  readonly arn: string | undefined
  readonly properties: JsonObject
}

export interface Template {
  /** name of the stack */
  readonly stack: string
  readonly resources: readonly Resource[]
  ofType(type: string): readonly Resource[]
  custom(): readonly Resource[]
  /** those that are texts, by name */
  readonly outputs: Readonly<Record<string, string>>
  /** folder of the asset that stands in the template as S3Key */
  asset(s3Key: string): string
}

const SECTIONS = ['Conditions', 'Description', 'Metadata', 'Outputs', 'Parameters', 'Resources', 'Rules']
const ATTRIBUTES = [
  'Condition',
  'DeletionPolicy',
  'DependsOn',
  'Metadata',
  'Properties',
  'Type',
  'UpdateReplacePolicy',
]

/**
 * The one template of a cloud assembly (`cdk.out`). An unknown resource type, property, intrinsic or section
 * is an error that names it.
 */
export function loadTemplate(assembly: string, options: { publicUrl: string }): Template {
  const files = readdirSync(assembly).filter((file) => file.endsWith('.template.json'))
  if (files.length !== 1) throw new Error(`${assembly} holds ${files.length} templates; one is expected`)
  const stack = files[0]!.replace(/\.template\.json$/, '')
  const document = readJson(join(assembly, files[0]!))
  const { resources, outputs } = resolveAll(stack, document, options.publicUrl)
  return {
    stack,
    resources,
    outputs,
    ofType: (type) => resources.filter((resource) => resource.type === type),
    custom: () => resources.filter((resource) => isCustom(resource.type)),
    asset: assets(assembly, stack),
  }
}

const readJson = (file: string): JsonObject => object(JSON.parse(readFileSync(file, 'utf8')) as Json, file)

function assets(assembly: string, stack: string): (s3Key: string) => string {
  const files = object(readJson(join(assembly, `${stack}.assets.json`)).files, 'assets.json: files')
  return (s3Key) => {
    const entry = files[s3Key.replace(/\.zip$/, '')]
    if (!isObject(entry)) throw new Error(`asset ${s3Key} does not stand in ${stack}.assets.json`)
    return resolvePath(assembly, string(object(entry.source, s3Key).path, s3Key))
  }
}

function resolveAll(
  stack: string,
  document: JsonObject,
  publicUrl: string,
): Pick<Template, 'resources' | 'outputs'> {
  known(Object.keys(document), SECTIONS, 'section')
  const raw = object(document.Resources, 'Resources')
  const scope = scopeOf(stack, document, raw, publicUrl)
  const { resolve, holds } = resolver(scope)
  const present = Object.keys(raw).filter((id) => {
    const condition = object(raw[id], id).Condition
    return condition === undefined || holds(string(condition, `${id}.Condition`))
  })
  return {
    resources: present.map((id) => toResource(id, object(raw[id], id), scope, resolve)),
    outputs: outputsOf(object(resolve(document.Outputs ?? {}, 'Outputs'), 'Outputs')),
  }
}

const outputsOf = (outputs: JsonObject): Record<string, string> =>
  Object.fromEntries(
    Object.entries(outputs).flatMap(([name, output]) => {
      const { Value } = object(output, name)
      return typeof Value === 'string' ? [[name, Value]] : []
    }),
  )

function toResource(
  logicalId: string,
  raw: JsonObject,
  scope: Scope,
  resolve: (value: Json, where: string) => Json | undefined,
): Resource {
  known(Object.keys(raw), ATTRIBUTES, `attribute of ${logicalId}:`)
  const type = string(raw.Type, `${logicalId}.Type`)
  const properties = isInert(type) ? {} : object(resolve(raw.Properties ?? {}, logicalId), logicalId)
  checkProperties(type, logicalId, properties)
  const custom = isCustom(type)
  return {
    logicalId,
    type,
    name: custom ? logicalId : scope.identity(logicalId).name,
    ref: custom ? '' : scope.ref(logicalId),
    arn:
      !custom && Object.hasOwn(resourceType(type).attributes, 'Arn')
        ? scope.attribute(logicalId, 'Arn')
        : undefined,
    properties,
  }
}

function checkProperties(type: string, logicalId: string, properties: JsonObject): void {
  if (isCustom(type) || isInert(type)) return
  const { lives, inert } = resourceType(type)
  known(Object.keys(properties), [...lives, ...inert], `property of ${type} (${logicalId}):`)
}

/** Physical names depend on nothing but the template, so that a second start finds its data. */
function scopeOf(stack: string, document: JsonObject, raw: JsonObject, publicUrl: string): Scope {
  const identity = (logicalId: string): Identity => {
    const entry = raw[logicalId]
    if (!isObject(entry)) throw new Error(`the template refers to ${logicalId}, which it does not define`)
    const type = string(entry.Type, `${logicalId}.Type`)
    if (isCustom(type)) throw new Error(`a reference to the custom resource ${logicalId} is not known here`)
    const { nameProperty, withinProperty, name } = resourceType(type)
    const textOf = (property: string | undefined): string | undefined => {
      const given = property && isObject(entry.Properties) ? entry.Properties[property] : undefined
      const resolved = given === undefined ? undefined : resolver(scope).resolve(given, logicalId)
      return typeof resolved === 'string' ? resolved : undefined
    }
    return {
      ...{ stack, logicalId, publicUrl, within: textOf(withinProperty) },
      name: textOf(nameProperty) ?? name(stack, logicalId),
    }
  }
  const typeOf = (logicalId: string) =>
    resourceType(string(object(raw[logicalId], logicalId).Type, logicalId))
  const scope: Scope = {
    stack,
    parameters: isObject(document.Parameters) ? document.Parameters : {},
    conditions: isObject(document.Conditions) ? document.Conditions : {},
    isResource: (logicalId) => Object.hasOwn(raw, logicalId),
    identity,
    ref: (logicalId) => {
      const it = identity(logicalId)
      return typeOf(logicalId).ref(it)
    },
    attribute: (logicalId, attribute) => {
      const it = identity(logicalId)
      const { attributes } = typeOf(logicalId)
      if (!Object.hasOwn(attributes, attribute))
        throw new Error(`attribute ${attribute} of ${logicalId} is not known here`)
      return attributes[attribute]!(it)
    },
  }
  return scope
}

function known(names: readonly string[], all: readonly string[], what: string): void {
  const unknown = names.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Error(`${what} ${unknown.join(', ')} is not known on one machine`)
}
