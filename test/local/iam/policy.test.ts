import { describe, expect, test } from 'vitest'
import { decide, parsePolicy } from '../../../local/iam/policy.ts'
import type { Json, JsonObject } from '../../../local/wire/json.ts'

const ask = (statements: Json, action: string, resource: string, context: Record<string, string> = {}) =>
  decide(parsePolicy({ Statement: statements }, 'test', 'identity'), {
    action,
    resource,
    context,
    principal: 'arn:aws:iam::000000000000:role/r',
  })

const allow = (Action: Json, Resource: Json, more: JsonObject = {}): JsonObject => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
const deny = (Action: Json, Resource: Json, more: JsonObject = {}): JsonObject => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
})

describe('a policy', () => {
  const cases: readonly [string, Json, string, string, boolean][] = [
    ['allows what it names', allow('s3:GetObject', 'a'), 's3:GetObject', 'a', true],
    ['allows nothing by silence', [], 's3:GetObject', 'a', false],
    ['allows no other action', allow('s3:GetObject', 'a'), 's3:PutObject', 'a', false],
    ['allows no other resource', allow('s3:GetObject', 'a'), 's3:GetObject', 'ab', false],
    ['takes actions without their case', allow('S3:getobject', 'a'), 's3:GetObject', 'a', true],
    ['takes resources with their case', allow('s3:*', 'A'), 's3:GetObject', 'a', false],
    ['knows * as any text', allow('s3:Get*', 'arn:aws:s3:::b/*'), 's3:GetObject', 'arn:aws:s3:::b/x/y', true],
    ['knows ? as one character', allow('s3:*', 'a?c'), 's3:GetObject', 'abc', true],
    ['takes a dot for a dot', allow('s3:*', 'a.c'), 's3:GetObject', 'abc', false],
    [
      'denies what another statement allows',
      [allow('s3:*', '*'), deny('s3:PutObject', '*')],
      's3:PutObject',
      'a',
      false,
    ],
    ['knows what an action is not', allow('s3:*', '*', {}), 'dynamodb:GetItem', 'a', false],
  ]
  for (const [name, statements, action, resource, expected] of cases) {
    test(name, () => expect(ask(statements, action, resource)).toBe(expected))
  }

  const tls = (value: string) => deny('*', '*', { Condition: { Bool: { 'aws:SecureTransport': value } } })
  test('denies a request only if the condition of the statement is true', () => {
    const context = { 'aws:securetransport': 'true' }
    expect(ask([allow('*', '*'), tls('false')], 's3:GetObject', 'a', context)).toBe(true)
    expect(ask([allow('*', '*'), tls('true')], 's3:GetObject', 'a', context)).toBe(false)
  })
  test('evaluates a condition on a missing key: StringEquals is false, ArnNotEquals is true', () => {
    const conditional = (operator: string) =>
      allow('*', '*', { Condition: { [operator]: { 'aws:SourceArn': 'v' } } })
    expect(ask(conditional('StringEquals'), 'a:b', 'c')).toBe(false)
    expect(ask(conditional('StringEquals'), 'a:b', 'c', { 'aws:sourcearn': 'v' })).toBe(true)
    expect(ask(conditional('ArnNotEquals'), 'a:b', 'c')).toBe(true)
    expect(ask(conditional('ArnNotEquals'), 'a:b', 'c', { 'aws:sourcearn': 'v' })).toBe(false)
  })
  test('evaluates ForAnyValue to true only if the request has a matching value', () => {
    const elsewhere = deny('*', '*', {
      Condition: { 'ForAnyValue:StringNotEquals': { 'secretsmanager:AddReplicaRegions': ['a', 'b'] } },
    })
    const to = (region: string) => ({ 'secretsmanager:addreplicaregions': region })
    expect(ask([allow('*', '*'), elsewhere], 'a:b', 'c')).toBe(true)
    expect(ask([allow('*', '*'), elsewhere], 'a:b', 'c', to('b'))).toBe(true)
    expect(ask([allow('*', '*'), elsewhere], 'a:b', 'c', to('d'))).toBe(false)
  })
  test('evaluates ForAllValues to true if every value matches, and if the request has none', () => {
    const own = allow('*', '*', {
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['~apt/*', '~rpm/*'] } },
    })
    const key = (value: string) => ({ 'dynamodb:leadingkeys': value })
    expect(ask(own, 'a:b', 'c', key('~rpm/1'))).toBe(true)
    expect(ask(own, 'a:b', 'c', key('~apt'))).toBe(false)
    expect(ask(own, 'a:b', 'c')).toBe(true)
    const some = allow('*', '*', {
      Condition: { ...(own.Condition as JsonObject), Null: { 'dynamodb:LeadingKeys': 'false' } },
    })
    expect(ask(some, 'a:b', 'c', key('~rpm/1'))).toBe(true)
    expect(ask(some, 'a:b', 'c')).toBe(false)
  })
  test('checks with Null whether the request has a key', () => {
    const once = (lacks: Json) => allow('*', '*', { Condition: { Null: { 's3:If-None-Match': lacks } } })
    for (const no of ['false', false]) {
      expect(ask(once(no), 'a:b', 'c')).toBe(false)
      expect(ask(once(no), 'a:b', 'c', { 's3:if-none-match': '*' })).toBe(true)
    }
    expect(ask(once('true'), 'a:b', 'c')).toBe(true)
    expect(ask(once('true'), 'a:b', 'c', { 's3:if-none-match': '' })).toBe(false)
  })
  test('with an unknown element is refused when it is loaded', () => {
    expect(() =>
      ask(allow('*', '*', { Condition: { IpAddress: { 'aws:SourceIp': '::1' } } }), 'a:b', 'c'),
    ).toThrow(/SourceIp/)
    const on = (operator: string, value: Json) =>
      allow('*', '*', { Condition: { [operator]: { 'aws:SourceArn': value } } })
    expect(() => ask(on('IpAddress', '::1'), 'a:b', 'c')).toThrow(/IpAddress/)
    expect(() => ask(on('Null', 'perhaps'), 'a:b', 'c')).toThrow(/either true or false/)
    expect(() => ask(on('Null', ['true', 'false']), 'a:b', 'c')).toThrow(/either true or false/)
    expect(() => ask(allow('*', '*', { NotPrincipal: '*' }), 'a:b', 'c')).toThrow(/NotPrincipal/)
    expect(() => ask(allow('*', '*', { NotAction: '*' }), 'a:b', 'c')).toThrow(/NotAction/)
    expect(() => ask(allow('*', 'arn:${aws:username}'), 'a:b', 'c')).toThrow(/policy variable/)
    expect(() => ask({ Effect: 'Allow', Resource: '*' }, 'a:b', 'c')).toThrow(/Action/)
    expect(() => ask({ Effect: 'Perhaps', Action: '*', Resource: '*' }, 'a:b', 'c')).toThrow(/Perhaps/)
  })
})
