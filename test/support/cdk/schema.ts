// Checks a template against the schemas of the resource types: it has only known properties, all required ones, and the
// right types.

import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec'
import type {
  PropertyType,
  ResourceProperties,
  Resource as Schema,
  SpecDatabase,
} from '@aws-cdk/service-spec-types'
import type { Template } from './template.ts'

/** One line for each fault, with its path. */
export async function faultsOf(template: Template): Promise<string[]> {
  const db = await loadAwsServiceSpec()
  const faults: string[] = []
  for (const [id, { Type, Properties = {} }] of Object.entries(template.Resources)) {
    if (Type.startsWith('Custom::')) continue
    const schema = db.lookup('resource', 'cloudFormationType', 'equals', Type)[0]
    if (schema === undefined) faults.push(`${id}: ${Type} is no resource type`)
    else checkProperties(db, schema.properties, Properties, id, faults)
  }
  checkReferences(db, template, template, 'template', faults)
  return faults
}

function checkProperties(
  db: SpecDatabase,
  schema: ResourceProperties,
  value: object,
  at: string,
  faults: string[],
): void {
  for (const [name, { required }] of Object.entries(schema)) {
    if (required && !Object.hasOwn(value, name)) faults.push(`${at}: ${name} is missing`)
  }
  for (const [name, member] of Object.entries(value)) {
    const property = schema[name]
    if (property === undefined) faults.push(`${at}: ${name} is not known`)
    else checkEither(db, [property.type, ...(property.previousTypes ?? [])], member, `${at}.${name}`, faults)
  }
}

/** Reports no fault if one of the types matches, or else the faults of the first type. */
function checkEither(
  db: SpecDatabase,
  types: PropertyType[],
  value: unknown,
  at: string,
  faults: string[],
): void {
  const tries = types.map((type) => {
    const found: string[] = []
    checkType(db, type, value, at, found)
    return found
  })
  if (!tries.some(({ length }) => length === 0)) faults.push(...(tries[0] ?? []))
}

function checkType(db: SpecDatabase, type: PropertyType, value: unknown, at: string, faults: string[]): void {
  if (isIntrinsic(value)) return
  switch (type.type) {
    case 'ref':
      if (!isObject(value)) faults.push(`${at} is no object`)
      else checkProperties(db, db.get('typeDefinition', type.reference.$ref).properties, value, at, faults)
      return
    case 'array':
      if (!Array.isArray(value)) faults.push(`${at} is no list`)
      else for (const [i, v] of value.entries()) checkType(db, type.element, v, `${at}[${i}]`, faults)
      return
    case 'map':
      if (!isObject(value)) faults.push(`${at} is no map`)
      else for (const [k, v] of Object.entries(value)) checkType(db, type.element, v, `${at}.${k}`, faults)
      return
    case 'union':
      checkEither(db, type.types, value, at, faults)
      return
    case 'json':
      return
    default:
      if (!isPrimitive(type.type, value)) faults.push(`${at} is no ${type.type}: ${JSON.stringify(value)}`)
  }
}

function isPrimitive(type: string, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'number':
    case 'boolean':
      return typeof value === type
    case 'string':
    case 'date-time':
      return typeof value === 'string'
    case 'tag':
      return isObject(value)
    default:
      return false
  }
}

/** Every Ref names a resource or a pseudo parameter, every GetAtt an attribute of the type. */
function checkReferences(
  db: SpecDatabase,
  { Resources }: Template,
  value: unknown,
  at: string,
  faults: string[],
): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    if (name === 'Ref' && !Object.hasOwn(Resources, member) && !String(member).startsWith('AWS::')) {
      faults.push(`${at}: Ref ${member} names nothing`)
    }
    if (name === 'Fn::GetAtt') {
      const [id, attribute] = member as [string, string]
      const schema: Schema | undefined = db.lookup(
        'resource',
        'cloudFormationType',
        'equals',
        Resources[id]?.Type ?? '',
      )[0]
      if (schema?.attributes[attribute] === undefined)
        faults.push(`${at}: ${id} has no attribute ${attribute}`)
    }
    checkReferences(db, { Resources, Outputs: {} }, member, `${at}.${name}`, faults)
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isIntrinsic = (value: unknown): boolean =>
  isObject(value) &&
  Object.keys(value).length === 1 &&
  /^(Ref|Fn::[A-Za-z0-9]+)$/.test(Object.keys(value)[0]!)
