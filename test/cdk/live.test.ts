// Of each function a version per deployment, its alias, and what moves the alias, or takes it back.

import { App, Stack } from 'aws-cdk-lib'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { beforeAll, describe, expect, test } from 'vitest'
import { live } from '../../cdk/live.ts'
import { FLAGS } from '../../cdk/synthesize.ts'
import { readable, resourcesOf, synthesis, type Template } from '../support/cdk/template.ts'
import { temporaryFolder } from '../support/local/assembly.ts'

const ANSWERING = ['Direct', 'Resolve', 'Submit', 'V1', 'Wait']
const HANDLING = ['Compose', 'Plan', 'Publish', 'Sweep']
const LIVING = [...ANSWERING, ...HANDLING].sort()

let template: Template
beforeAll(() => {
  template = synthesis(undefined, true).template
})

const templateOf = (cloud: unknown, more: object = {}): Template => synthesis({ cloud, ...more }).template

/** Logical id of each function's version: another one is another version. */
const versionsOf = (of: Template): Record<string, string> =>
  Object.fromEntries(
    Object.entries(of.Resources)
      .filter(([, { Type }]) => Type === 'AWS::Lambda::Version')
      .map(([id, { Properties }]) => [readable(Properties!.FunctionName), id]),
  )

/** The functions whose version is another one. */
function changed(to: Template, from = template): string[] {
  const [before, after] = [versionsOf(from), versionsOf(to)]
  return Object.keys(after)
    .filter((name) => after[name] !== before[name])
    .sort()
}

test('every function but the maker of the key has a version, and an alias of it', () => {
  expect(Object.keys(versionsOf(template)).sort()).toEqual(LIVING)
  const aliases = [...resourcesOf(template, 'AWS::Lambda::Alias').values()].map(({ Properties }) => {
    const [version, attribute] = (Properties.FunctionVersion as { 'Fn::GetAtt': string[] })['Fn::GetAtt']
    expect(attribute).toBe('Version')
    return [readable(Properties.FunctionName), Properties.Name, version]
  })
  expect(aliases.sort()).toEqual(LIVING.map((name) => [name, 'live', versionsOf(template)[name]]))
})

test('whoever invokes a function names its alias, and is permitted that alone', () => {
  const invoked = [
    ...[...resourcesOf(template, 'AWS::ApiGatewayV2::Integration').values()].map(
      ({ Properties }) => Properties.IntegrationUri,
    ),
    ...[...resourcesOf(template, 'AWS::Events::Rule').values()].flatMap(({ Properties }) =>
      (Properties.Targets as { Arn: unknown }[]).map(({ Arn }) => Arn),
    ),
    ...[...resourcesOf(template, 'AWS::Lambda::Permission').values()].map(
      ({ Properties }) => Properties.FunctionName,
    ),
  ].map(readable)
  expect([...new Set(invoked)].sort()).toEqual(LIVING.map((name) => `${name}Live`))
})

/** Of a function that is told something when its alias is there. */
function versionOf({ told = '', kept = 1 }: { readonly told?: string; readonly kept?: number }) {
  const app = new App({ outdir: temporaryFolder(), analyticsReporting: false, context: FLAGS })
  const fn = new LambdaFunction(new Stack(app, 'Small'), 'Fn', {
    code: Code.fromInline('exports.handler = async () => {}'),
    ...{ handler: 'index.handler', runtime: Runtime.NODEJS_24_X, reservedConcurrentExecutions: kept },
  })
  live({ bind: () => ({ destination: 'nowhere' }) })(fn)
  fn.addEnvironment('LATER', told)
  return versionsOf(app.synth().getStackByName('Small').template as Template)
}

describe('another version is made', () => {
  test('of each function that is told of a setting, when that changes', () => {
    expect(changed(synthesis({ budgets: { buildsPerDay: 3 } }, true).template)).toEqual(
      LIVING.filter((name) => name !== 'Sweep'),
    )
  })

  test('of a function that is told something else, after its alias was made, too', () => {
    expect(versionOf({ told: 'one' })).toEqual(versionOf({ told: 'one' }))
    expect(versionOf({ told: 'one' })).not.toEqual(versionOf({ told: 'other' }))
  })

  test('of none by the executions that are kept for it: Lambda would refuse a second one of the same', () => {
    expect(versionOf({ kept: 5 })).toEqual(versionOf({ kept: 6 }))
  })

  test('of none by how it is deployed', () => {
    const others = { tags: { 'cost-center': '42' }, rollout: 'all-at-once' }
    expect(changed(templateOf({ deployment: others }))).toEqual([])
  })
})

/** Of each alias: how it moves, and which alarms take it back. */
function movesOf(of: Template) {
  const groups = resourcesOf(of, 'AWS::CodeDeploy::DeploymentGroup')
  return Object.values(of.Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Alias')
    .map((alias) => {
      const { CodeDeployLambdaAliasUpdate: update } = (alias as unknown as Moved).UpdatePolicy
      const group = groups.get(readable(update.DeploymentGroupName))!.Properties
      expect(readable(group.ApplicationName)).toBe(readable(update.ApplicationName))
      const { Alarms, Enabled, ...others } = group.AlarmConfiguration as AlarmConfiguration
      expect([Enabled, others]).toEqual([true, {}])
      return {
        name: readable(alias.Properties!.FunctionName),
        by: group.DeploymentConfigName,
        alarms: Alarms.map(({ Name }) => readable(Name)),
        back: (group.AutoRollbackConfiguration as { Events: string[] }).Events,
      }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
interface Moved {
  readonly UpdatePolicy: {
    readonly CodeDeployLambdaAliasUpdate: {
      readonly ApplicationName: unknown
      readonly DeploymentGroupName: unknown
    }
  }
}
interface AlarmConfiguration {
  readonly Alarms: readonly { readonly Name: unknown }[]
  readonly Enabled: boolean
}

test('a tenth of what comes goes to a new version first, and the errors of its function take it back', () => {
  const moves = movesOf(template)
  expect(moves.map(({ name }) => name)).toEqual(LIVING)
  for (const { name, by, alarms, back } of moves) {
    expect(by).toBe('CodeDeployDefault.LambdaCanary10Percent10Minutes')
    expect(alarms).toEqual([`${name}ErrorsAlarm`, ...(ANSWERING.includes(name) ? ['ServerErrorsAlarm'] : [])])
    expect(back).toEqual(['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'])
  }
})

test('how it moves is a setting: in another way, or at once and without CodeDeploy', () => {
  const linear = templateOf({ deployment: { rollout: 'linear-10-percent-every-1-minute' } })
  expect(new Set(movesOf(linear).map(({ by }) => by))).toEqual(
    new Set(['CodeDeployDefault.LambdaLinear10PercentEvery1Minute']),
  )
  const { Resources } = templateOf({ deployment: { rollout: 'all-at-once' } })
  const whole = JSON.stringify(Resources)
  expect(whole).not.toMatch(/codedeploy/i)
  expect(whole).not.toContain('UpdatePolicy')
  expect(() => templateOf({ deployment: { rollout: 'slowly' } })).toThrow(/cloud\.deployment\.rollout/)
})

test('the template stays far below the 500 resources that CloudFormation takes', () => {
  expect(Object.keys(template.Resources).length).toBeLessThan(300)
})
