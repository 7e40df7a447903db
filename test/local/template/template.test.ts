import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadTemplate, type Template } from '../../../local/template/template.ts'
import type { Json, JsonObject } from '../../../local/wire/json.ts'
import { TABLE, temporaryFolder } from '../../support/local/assembly.ts'

const load = (document: JsonObject): Template => loadAll({ Small: document })

/** Loads templates by the names of their stacks. Each stack has its own asset. */
function loadAll(documents: Readonly<Record<string, JsonObject>>): Template {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  for (const [i, [stack, document]] of Object.entries(documents).entries()) {
    writeFileSync(join(folder, `${stack}.template.json`), JSON.stringify(document))
    const files = { [`a${i + 1}`]: { source: { path: `asset.a${i + 1}` } } }
    writeFileSync(join(folder, `${stack}.assets.json`), JSON.stringify({ files }))
  }
  return loadTemplate(folder, { publicUrl: 'http://127.0.0.1:1' })
}

/** Resolves an expression in a property of a small template. */
function resolved(expression: Json): Json | undefined {
  const project = { Type: 'AWS::CodeBuild::Project', Properties: { Environment: { value: expression } } }
  const bus = { Type: 'AWS::Events::EventBus', Properties: { Name: 'bus-of-ours' } }
  const ruleOn = (own: JsonObject) => ({
    Type: 'AWS::Events::Rule',
    Properties: { ...own, EventPattern: { source: ['x'] } },
  })
  const rules = { Rule: ruleOn({}), RuleOnBus: ruleOn({ EventBusName: { Ref: 'Bus' } }) }
  const template = load({ Resources: { Project: project, Table: TABLE, Bus: bus, ...rules } })
  const { properties } = template.ofType('AWS::CodeBuild::Project')[0]!
  return (properties.Environment as JsonObject).value
}

describe('an intrinsic', () => {
  const cases: readonly [string, Json, Json][] = [
    ['Ref of a resource', { Ref: 'Table' }, 'Small-Table'],
    ['Ref of a resource that names itself', { Ref: 'Bus' }, 'bus-of-ours'],
    ['Ref of a rule', { Ref: 'Rule' }, 'Small-Rule'],
    ['Ref of a rule on a bus of its own', { Ref: 'RuleOnBus' }, 'bus-of-ours|Small-RuleOnBus'],
    [
      'GetAtt of a rule on a bus of its own',
      { 'Fn::GetAtt': ['RuleOnBus', 'Arn'] },
      'arn:aws:events:us-east-1:000000000000:rule/bus-of-ours/Small-RuleOnBus',
    ],
    ['Ref of the region', { Ref: 'AWS::Region' }, 'us-east-1'],
    [
      'GetAtt',
      { 'Fn::GetAtt': ['Table', 'Arn'] },
      'arn:aws:dynamodb:us-east-1:000000000000:table/Small-Table',
    ],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Partition' }]] }, 'a-aws'],
    ['Sub', { 'Fn::Sub': '${AWS::AccountId}/${Table}/${Bus.Name}' }, '000000000000/Small-Table/bus-of-ours'],
    [
      'Select',
      { 'Fn::Select': [1, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Table', 'Arn'] }] }] },
      'Small-Table',
    ],
  ]
  for (const [name, expression, value] of cases) {
    test(`${name} gives its value`, () => expect(resolved(expression)).toEqual(value))
  }
  test('that is unknown is an error that names it', () => {
    expect(() => resolved({ 'Fn::GetAZs': 'x' })).toThrow(/Fn::GetAZs/)
    expect(() => resolved('{{resolve:ssm:x}}')).toThrow(/dynamic references/)
    expect(() => resolved({ Ref: 'Nothing' })).toThrow(/Nothing/)
    expect(() => resolved({ 'Fn::Sub': '${!Kept}' })).toThrow(/!Kept/)
    expect(() => resolved({ 'Fn::Sub': ['${A}', { A: 'a' }] })).toThrow(/not a string/)
    expect(() => resolved({ 'Fn::GetAtt': ['Table', 'StreamArn'] })).toThrow(/StreamArn/)
  })
})

describe('a template', () => {
  test('with an unknown resource type is an error that names it', () => {
    expect(() => load({ Resources: { Q: { Type: 'AWS::Kinesis::Stream' } } })).toThrow(/AWS::Kinesis::Stream/)
  })
  test('with an unknown property is an error that names it', () => {
    const table = { ...TABLE, Properties: { StreamSpecification: {} } }
    expect(() => load({ Resources: { Table: table } })).toThrow(/StreamSpecification/)
  })
  test('with an unknown section is an error that names it', () => {
    expect(() => load({ Resources: {}, Mappings: {} })).toThrow(/Mappings/)
    expect(() => load({ Resources: {}, Conditions: {} })).toThrow(/Conditions/)
  })
  test('keeps a resource without an effect on one machine, without its properties', () => {
    const alarm = { Type: 'AWS::CloudWatch::Alarm', Properties: { Anything: { 'Fn::Anything': 1 } } }
    expect(load({ Resources: { alarm } }).resources[0]).toMatchObject({ properties: {}, ref: 'Small-alarm' })
  })
  test('gives the folder of an asset', () => {
    const template = load({ Resources: {} })
    expect(template.asset('a1.zip')).toMatch(/\/asset\.a1$/)
    expect(() => template.asset('b2.zip')).toThrow(/b2\.zip/)
  })
  test('gives each bucket a valid and stable S3 name', () => {
    const Resources = { ['B'.repeat(80)]: { Type: 'AWS::S3::Bucket' }, Bucket: { Type: 'AWS::S3::Bucket' } }
    const names = load({ Resources }).resources.map(({ name }) => name)
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]{3,63}$/)
    expect(load({ Resources }).resources.map(({ name }) => name)).toEqual(names)
  })
})

describe('two stacks', () => {
  const NAME = 'SmallData:Table'
  const exporting = (Name = NAME): JsonObject => ({
    Resources: { Table: TABLE },
    Outputs: {
      TableName: { Value: { Ref: 'Table' } },
      Exported: { Value: { 'Fn::GetAtt': ['Table', 'Arn'] }, Export: { Name } },
    },
  })
  const importing = (name: Json, id = 'Project'): JsonObject => ({
    Resources: {
      [id]: { Type: 'AWS::CodeBuild::Project', Properties: { Environment: { 'Fn::ImportValue': name } } },
    },
  })
  const imported = (template: Template) =>
    template.ofType('AWS::CodeBuild::Project').map(({ properties }) => properties.Environment)

  test('are merged into one on this machine, and the names are the same as in one stack', () => {
    const template = loadAll({ Small: importing(NAME), SmallData: exporting() })
    expect(template.stack).toBe('Small')
    expect(imported(template)).toEqual(['arn:aws:dynamodb:us-east-1:000000000000:table/Small-Table'])
    expect(template.ofType('AWS::DynamoDB::Table').map(({ name }) => name)).toEqual(['Small-Table'])
    expect(template.outputs.TableName).toBe('Small-Table')
    expect([template.asset('a1.zip'), template.asset('a2.zip')].map((path) => path.slice(-3))).toEqual([
      '.a1',
      '.a2',
    ])
  })

  test('may export and import in either order of their names', () => {
    const template = loadAll({ Small: exporting('Small:Table'), SmallMore: importing('Small:Table') })
    expect(imported(template)).toHaveLength(1)
  })

  test.each<[string, Readonly<Record<string, JsonObject>>, RegExp]>([
    [
      'what nobody exports',
      { Small: importing('Other:X'), SmallData: exporting() },
      /Other:X: no stack exports it/,
    ],
    [
      'what the stack itself exports',
      {
        Small: { ...exporting(), Resources: { Table: TABLE, ...(importing(NAME).Resources as JsonObject) } },
      },
      /SmallData:Table: no stack exports it/,
    ],
    [
      'from each other',
      {
        Small: {
          ...exporting('Small:Table'),
          Resources: { Table: TABLE, ...(importing(NAME).Resources as JsonObject) },
        },
        SmallData: {
          ...exporting(),
          Resources: { Table: TABLE, ...(importing('Small:Table', 'Other').Resources as JsonObject) },
        },
      },
      /no stack exports it before it is imported/,
    ],
    [
      'by a name that is put together',
      { Small: importing({ 'Fn::Join': ['', ['a']] }), SmallData: exporting() },
      /Environment/,
    ],
  ])('import nothing %s', (_, documents, words) => {
    expect(() => loadAll(documents)).toThrow(words)
  })

  test('are refused if they export a name twice or have resources with the same name', () => {
    const other: JsonObject = { ...exporting(), Resources: { Other: TABLE, Table: TABLE } }
    expect(() =>
      loadAll({ Small: exporting(), SmallData: { ...other, Outputs: exporting().Outputs! } }),
    ).toThrow(/SmallData:Table is exported twice/)
    expect(() => loadAll({ Small: { Resources: { Table: TABLE } }, SmallData: exporting() })).toThrow(
      /two stacks have a resource Table/,
    )
  })

  test('of two registries are refused', () => {
    expect(() => loadAll({ One: { Resources: {} }, Two: { Resources: {} } })).toThrow(
      /two registries, One and Two/,
    )
  })
})
