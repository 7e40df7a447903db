// Tests the rules of the stack: EventBridge accepts their patterns, and each event matches its rule.

import { beforeAll, describe, expect, test } from 'vitest'
import { compilePattern } from '../../local/events/event-pattern.ts'
import type { Json } from '../../local/wire/json.ts'
import { plainId, readable, resourcesOf, synthesis, type Template } from '../support/cdk/template.ts'

let template: Template
beforeAll(() => {
  template = synthesis(undefined, true).template
})

const patterns = () =>
  [...resourcesOf(template, 'AWS::Events::Rule')].flatMap(([id, { Properties }]) =>
    Properties.EventPattern === undefined ? [] : [[id, resolved(Properties.EventPattern)] as const],
  )

/** The value with a name in place of each reference. */
function resolved(value: unknown): Json {
  if (Array.isArray(value)) return value.map(resolved)
  if (typeof value !== 'object' || value === null) return value as Json
  if ('Ref' in value || 'Fn::GetAtt' in value) return readable(value)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolved(inner)]))
}

describe('the pattern of each rule', () => {
  test('is valid for EventBridge', () => {
    expect(patterns().length).toBeGreaterThan(5)
    for (const [id, pattern] of patterns())
      expect(() => compilePattern(pattern, `${id}.EventPattern`)).not.toThrow()
  })

  test.each([
    ['ProbeRequested', { source: 'probe-registry', 'detail-type': 'ProbeRequested', detail: {} }],
    ['RootWanted', { source: 'probe-registry', 'detail-type': 'RootWanted', detail: {} }],
    [
      'BuildEnded',
      {
        source: 'aws.codebuild',
        'detail-type': 'CodeBuild Build State Change',
        detail: { 'project-name': 'LoadTestX8664', 'build-status': 'FAILED' },
      },
    ],
  ])('matches its event only in the rule %s', (rule, event) => {
    const fitting = patterns().filter(([id, pattern]) => compilePattern(pattern, id)(event))
    expect(fitting.map(([id]) => plainId(id))).toEqual([rule])
  })
})
