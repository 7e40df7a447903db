import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadTemplate, type Template } from '../../../local/template/template.ts'
import type { Json, JsonObject } from '../../../local/wire/json.ts'
import { TABLE, temporaryFolder } from '../../support/local/assembly.ts'

function load(document: JsonObject): Template {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'Small.template.json'), JSON.stringify(document))
  writeFileSync(
    join(folder, 'Small.assets.json'),
    JSON.stringify({ files: { a1: { source: { path: 'asset.a1' } } } }),
  )
  return loadTemplate(folder, { publicUrl: 'http://127.0.0.1:1' })
}

/** What an expression becomes, as a variable of a function of a small template. */
function resolved(expression: Json, more: JsonObject = {}): Json | undefined {
  const project = { Type: 'AWS::CodeBuild::Project', Properties: { Environment: { value: expression } } }
  const bus = { Type: 'AWS::Events::EventBus', Properties: { Name: 'bus-of-ours' } }
  const ruleOn = (own: JsonObject) => ({
    Type: 'AWS::Events::Rule',
    Properties: { ...own, EventPattern: { source: ['x'] } },
  })
  const rules = { Rule: ruleOn({}), RuleOnBus: ruleOn({ EventBusName: { Ref: 'Bus' } }) }
  const template = load({ ...more, Resources: { Project: project, Table: TABLE, Bus: bus, ...rules } })
  const { properties } = template.ofType('AWS::CodeBuild::Project')[0]!
  return (properties.Environment as JsonObject).value
}

describe('an intrinsic', () => {
  const cases: readonly [string, Json, Json | undefined][] = [
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
    ['Ref of no value', { Ref: 'AWS::NoValue' }, undefined],
    [
      'GetAtt',
      { 'Fn::GetAtt': ['Table', 'Arn'] },
      'arn:aws:dynamodb:us-east-1:000000000000:table/Small-Table',
    ],
    ['GetAtt with a dot', { 'Fn::GetAtt': 'Bus.Name' }, 'bus-of-ours'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Partition' }]] }, 'a-aws'],
    [
      'Sub',
      { 'Fn::Sub': '${AWS::AccountId}/${Table}/${Bus.Name}/${!Kept}' },
      '000000000000/Small-Table/bus-of-ours/${Kept}',
    ],
    ['Sub with variables', { 'Fn::Sub': ['${A}-${A}', { A: { Ref: 'Bus' } }] }, 'bus-of-ours-bus-of-ours'],
    [
      'Select',
      { 'Fn::Select': [1, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Table', 'Arn'] }] }] },
      'Small-Table',
    ],
    ['If', { 'Fn::If': ['Here', 'here', 'there'] }, 'here'],
    ['a list with no value in it', ['a', { Ref: 'AWS::NoValue' }], ['a']],
  ]
  const conditions = {
    Conditions: { Here: { 'Fn::Or': [{ 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] }] } },
  }
  for (const [name, expression, value] of cases) {
    test(`${name} gives its value`, () => expect(resolved(expression, conditions)).toEqual(value))
  }
  test('that is not known is an error that names it', () => {
    expect(() => resolved({ 'Fn::ImportValue': 'x' })).toThrow(/Fn::ImportValue/)
    expect(() => resolved('{{resolve:ssm:x}}')).toThrow(/dynamic references/)
    expect(() => resolved({ Ref: 'Nothing' })).toThrow(/Nothing/)
    expect(() => resolved({ 'Fn::GetAtt': ['Table', 'StreamArn'] })).toThrow(/StreamArn/)
  })
})

describe('a template', () => {
  test('with an unknown resource type is an error that names it', () => {
    expect(() => load({ Resources: { Q: { Type: 'AWS::SQS::Queue' } } })).toThrow(/AWS::SQS::Queue/)
  })
  test('with an unknown property is an error that names it', () => {
    const table = { ...TABLE, Properties: { StreamSpecification: {} } }
    expect(() => load({ Resources: { Table: table } })).toThrow(/StreamSpecification/)
  })
  test('with an unknown section is an error that names it', () => {
    expect(() => load({ Resources: {}, Mappings: {} })).toThrow(/Mappings/)
  })
  test('keeps what has no life on one machine as inert', () => {
    const alarm = { Type: 'AWS::CloudWatch::Alarm', Properties: { Anything: { 'Fn::Anything': 1 } } }
    expect(load({ Resources: { alarm } }).resources[0]).toMatchObject({ properties: {}, ref: 'Small-alarm' })
  })
  test('leaves out a resource whose condition does not hold', () => {
    const Conditions = { Never: { 'Fn::Equals': ['a', 'b'] } }
    expect(load({ Conditions, Resources: { Table: { ...TABLE, Condition: 'Never' } } }).resources).toEqual([])
  })
  test('gives the folder of an asset', () => {
    const template = load({ Resources: {} })
    expect(template.asset('a1.zip')).toMatch(/\/asset\.a1$/)
    expect(() => template.asset('b2.zip')).toThrow(/b2\.zip/)
  })
  test('gives a bucket a name that S3 allows, and always the same', () => {
    const Resources = { ['B'.repeat(80)]: { Type: 'AWS::S3::Bucket' }, Bucket: { Type: 'AWS::S3::Bucket' } }
    const names = load({ Resources }).resources.map(({ name }) => name)
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]{3,63}$/)
    expect(load({ Resources }).resources.map(({ name }) => name)).toEqual(names)
  })
})
