// Promise 12: every alarm names its impact and its runbook heading, and docs/operations.md has that heading.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { anchor, RUNBOOK } from '../../cdk/alarm.ts'
import { lineLike } from '../../cdk/alarms.ts'
import { ACCESS_LOG } from '../../cdk/api.ts'
import { loadTemplate } from '../../local/template/template.ts'
import { list, readable, resourcesOf, synthesis, type Template } from '../support/cdk/template.ts'
import { anchorsOf, documentAt } from '../support/documents/markdown.ts'
import { temporaryFolder } from '../support/local/assembly.ts'

let template: Template
beforeAll(() => {
  template = synthesis(undefined, true).template
})

const alarms = () => [...resourcesOf(template, 'AWS::CloudWatch::Alarm')]

/** Headings below "Runbook". */
function runbookHeadings(): string[] {
  const [, runbook = ''] = documentAt('docs/operations.md').text.split(/^## Runbook$/m)
  const [own = ''] = runbook.split(/^## /m)
  return [...own.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!)
}

test('every alarm names its impact and its runbook heading', () => {
  const anchors = Object.values(RUNBOOK).map(anchor)
  expect(alarms().length).toBeGreaterThan(10)
  for (const [id, { Properties }] of alarms()) {
    const [, impact, heading] =
      /^(.{20,}\.) Runbook: docs\/operations\.md#([a-z-]+)$/.exec(String(Properties.AlarmDescription)) ?? []
    expect(impact, id).toBeDefined()
    expect(anchors, id).toContain(heading)
    expect(anchorsOf(documentAt('docs/operations.md')), id).toContain(heading)
  }
})

test('every runbook heading that an alarm names is in docs/operations.md', () => {
  expect(runbookHeadings()).toEqual(expect.arrayContaining(Object.values(RUNBOOK)))
})

test('every runbook section that an alarm names begins with its impact', () => {
  const { text } = documentAt('docs/operations.md')
  for (const heading of Object.values(RUNBOOK)) expect(text).toContain(`\n### ${heading}\n\n**Impact:** `)
})

/** Rows of the table of alarms in docs/operations.md: names, with `...` for any rest, and the section of the row's link. */
function tableOfAlarms(): { readonly is: RegExp; readonly section: string }[] {
  const [, after = ''] = documentAt('docs/operations.md').text.split('\n| alarm | section |\n|---|---|\n')
  const [table = ''] = after.split('\n\n')
  return [...table.matchAll(/^\| (.+) \| \[.+\]\(#(.+)\) \|$/gm)].map(([, names = '', section = '']) => ({
    is: new RegExp(`^(?:${names.replaceAll('`', '').replaceAll(', ', '|').replaceAll('...', '\\w*')})Alarm$`),
    section,
  }))
}

test('every alarm is in one row of the table of alarms, with the section that it names', () => {
  const rows = tableOfAlarms()
  for (const [id, { Properties }] of alarms()) {
    const sections = rows.flatMap(({ is, section }) => (is.test(id) ? section : []))
    expect([String(Properties.AlarmDescription).split('#')[1]], id).toEqual(sections)
  }
  const ids = alarms().map(([id]) => id)
  const unused = rows.filter(({ is }) => !ids.some((id) => is.test(id)))
  // These settings have no canary.
  expect(unused.map(({ section }) => section)).toEqual([anchor(RUNBOOK.canary)])
})

test('every alarm notifies the topic', () => {
  for (const [, { Properties }] of alarms()) {
    expect((Properties.AlarmActions as unknown[]).map(readable)).toEqual(['AlarmTopic'])
  }
})

test('every function that runs without a deployment has an alarm for its errors and its throttles', () => {
  const ids = alarms().map(([id]) => id)
  for (const name of resourcesOf(template, 'AWS::Lambda::Function').keys()) {
    if (name === 'SigningKey') continue
    expect(ids).toContain(`${name}ErrorsAlarm`)
    expect(ids).toContain(`${name}ThrottlesAlarm`)
  }
})

/** The operations of a table whose throttles, or whose errors of DynamoDB itself, the alarm with that id counts. */
function countedBy(alarm: string): string[] {
  const metrics = alarms().find(([id]) => id === alarm)?.[1].Properties.Metrics as
    | { MetricStat?: { Metric: { Dimensions: { Name: string; Value: unknown }[] } } }[]
    | undefined
  return (metrics ?? []).flatMap(({ MetricStat }) =>
    (MetricStat?.Metric.Dimensions ?? []).flatMap(({ Name, Value }) =>
      Name === 'Operation' ? [String(Value)] : [],
    ),
  )
}

/** The operations that functions may use on a table or its indexes, such as `GetItem`. */
function doneWith(table: string): string[] {
  const statements = [...resourcesOf(template, 'AWS::IAM::Policy').values()].flatMap(
    ({ Properties }) =>
      (Properties.PolicyDocument as { Statement: { Action: string | string[]; Resource: unknown }[] })
        .Statement,
  )
  const isOf = (resource: unknown): boolean => readable(resource).split('/')[0] === `${table}.Arn`
  const actions = statements.flatMap(({ Action, Resource }) =>
    list(Resource).some(isOf) ? list(Action) : [],
  )
  return [...new Set(actions.map((action) => action.replace('dynamodb:', '')))].sort()
}

test.each(['Probes', 'Budgets', 'Sources'])(
  'the alarms of the table %s count every operation that a function may use, including lists of probes',
  (table) => {
    expect(doneWith(table).length).toBeGreaterThan(1)
    for (const kind of ['Throttles', 'Errors'])
      expect(countedBy(`${table}Table${kind}Alarm`)).toEqual(expect.arrayContaining(doneWith(table)))
    if (table === 'Probes') expect(doneWith(table)).toEqual(expect.arrayContaining(['Query', 'Scan']))
  },
)

test('one broken build raises an alarm, or ten broken builds of submitted kernels', () => {
  const filters = [...resourcesOf(template, 'AWS::Logs::MetricFilter').values()]
  const heardBy = (name: string) => {
    const metric = ({ Properties }: (typeof filters)[number]) =>
      (Properties.MetricTransformations as { MetricName: string }[])[0]?.MetricName
    const filter = filters.find((one) => metric(one) === name)?.Properties
    const alarm = alarms().find(([, { Properties }]) => Properties.MetricName === name)?.[1].Properties
    return { log: readable(filter?.LogGroupName), pattern: filter?.FilterPattern, from: alarm?.Threshold }
  }
  // The line of publish as Lambda writes it. test/lib/publish/publish.test.ts checks its fields.
  const broken = '($.message.reason = "build-broken")'
  expect(heardBy('BuildsBroken')).toEqual({
    log: 'PublishLog',
    pattern: `{ ${broken} && ($.message.key != "config/*") }`,
    from: 1,
  })
  expect(heardBy('SubmittedBuildsBroken')).toEqual({
    log: 'PublishLog',
    pattern: `{ ${broken} && ($.message.key = "config/*") }`,
    from: 10,
  })
})

/** The value that CloudFormation computes for an expression of the template. */
function resolved(expression: unknown) {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  const carrier = { Type: 'AWS::CodeBuild::Project', Properties: { Environment: { expression } } }
  const { Parameters: _, Outputs: __, ...rest } = template as typeof template & { Parameters?: unknown }
  const whole = { ...rest, Resources: { ...template.Resources, Carrier: carrier } }
  writeFileSync(join(folder, 'All.template.json'), JSON.stringify(whole))
  writeFileSync(join(folder, 'All.assets.json'), JSON.stringify({ files: {} }))
  const { resources } = loadTemplate(folder, { publicUrl: 'https://probes.example' })
  const named = (id: string) => resources.find(({ logicalId }) => logicalId.startsWith(id))
  return { value: named('Carrier')?.properties.Environment, named }
}

test("the alarm of overdue claims counts an existing rule, under the rule's name in its metric", () => {
  const [, overdue] = alarms().find(([id]) => id === 'OverdueAlarm') ?? []
  const { value, named } = resolved(overdue?.Properties.Dimensions)
  expect(value).toEqual({
    expression: [
      { Name: 'EventBusName', Value: named('Bus')?.name },
      { Name: 'RuleName', Value: named('ProbeOverdue')?.name },
    ],
  })
})

/** Matches like CloudWatch. Its regular expressions work like JavaScript's, but with fewer features. */
function isHeard(filter: string, line: string): boolean {
  const { Properties } = resourcesOf(template, 'AWS::Logs::MetricFilter').get(filter) ?? {}
  const [, expression] = /^%(.+)%$/.exec(String(Properties?.FilterPattern)) ?? []
  if (expression === undefined) throw new Error(`${filter} has no regular expression`)
  return new RegExp(expression).test(line)
}

/** A line of the access log, with values inserted unescaped. */
const accessLine = (status: number, userAgent: string): string =>
  JSON.stringify(ACCESS_LOG)
    .replace('$context.status', String(status))
    .replace('$context.identity.userAgent', () => userAgent)

test('the alarm counts all errors of the API, with any user agent, and no other answers', () => {
  for (const agent of ['curl/8', 'a "quoted" one', '"status":"200"', '"}', '\\']) {
    for (const status of [500, 502, 504])
      expect(isHeard('AccessLogServerErrors', accessLine(status, agent))).toBe(true)
    for (const status of [200, 307, 404, 503])
      expect(isHeard('AccessLogServerErrors', accessLine(status, agent))).toBe(false)
  }
  expect(isHeard('AccessLogServerErrors', accessLine(200, '{"status":"500"'))).toBe(false)
})

test('refuses a pattern that CloudWatch does not accept', () => {
  expect(() => lineLike('status=(500|502)')).toThrow(/allows no \(/)
  expect(() => lineLike('"status"')).toThrow(/allows no "/)
})

test('no alarm rings at a first deployment, before any measurement', () => {
  for (const [id, { Properties }] of alarms()) expect(Properties.TreatMissingData, id).not.toBe('breaching')
  const [, stopped] = alarms().find(([id]) => id === 'SweepStoppedAlarm')!
  expect(stopped.Properties).toMatchObject({
    TreatMissingData: 'missing',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 0,
  })
  expect((stopped.Properties.InsufficientDataActions as unknown[]).map(readable)).toEqual(['AlarmTopic'])
})

test('only the addresses in the settings get mails about alarms', () => {
  const subscribed = (of: Template) =>
    [...resourcesOf(of, 'AWS::SNS::Subscription').values()].map(({ Properties }) => ({
      to: Properties.Endpoint,
      by: Properties.Protocol,
      of: readable(Properties.TopicArn),
    }))
  expect(subscribed(template)).toEqual([])
  const { template: told } = synthesis({ cloud: { alarmMails: ['oncall@example.org'] } })
  expect(subscribed(told)).toEqual([{ to: 'oncall@example.org', by: 'email', of: 'AlarmTopic' }])
  expect(() => synthesis({ cloud: { alarmMails: ['nobody'] } }, true)).toThrow(/cloud\.alarmMails\.0: /)
})
