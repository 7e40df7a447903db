// Tests the versions of functions, their aliases, and the gradual deployment that moves aliases and moves them back.

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

/** The logical id of each function's version. A new version has a new id. */
const versionsOf = (of: Template): Record<string, string> =>
  Object.fromEntries(
    Object.entries(of.Resources)
      .filter(([, { Type }]) => Type === 'AWS::Lambda::Version')
      .map(([id, { Properties }]) => [readable(Properties!.FunctionName), id]),
  )

/** The functions with a new version. */
function changed(to: Template, from = template): string[] {
  const [before, after] = [versionsOf(from), versionsOf(to)]
  return Object.keys(after)
    .filter((name) => after[name] !== before[name])
    .sort()
}

test('every function except the maker of the key has a version, and an alias of it', () => {
  expect(Object.keys(versionsOf(template)).sort()).toEqual(LIVING)
  const aliases = [...resourcesOf(template, 'AWS::Lambda::Alias').values()].map(({ Properties }) => {
    const [version, attribute] = (Properties.FunctionVersion as { 'Fn::GetAtt': string[] })['Fn::GetAtt']
    expect(attribute).toBe('Version')
    return [readable(Properties.FunctionName), Properties.Name, version]
  })
  expect(aliases.sort()).toEqual(LIVING.map((name) => [name, 'live', versionsOf(template)[name]]))
})

test('the API and the rules invoke only aliases, and are permitted only these', () => {
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

/** The version of a function that gets a variable after its alias was made. */
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

describe('a deployment makes a new version', () => {
  test('of each function that gets a setting, when the setting changes', () => {
    expect(changed(synthesis({ budgets: { buildsPerDay: 3 } }, true).template)).toEqual(
      LIVING.filter((name) => name !== 'Sweep'),
    )
  })

  test('of a function that gets another variable, even after its alias was made', () => {
    expect(versionOf({ told: 'one' })).toEqual(versionOf({ told: 'one' }))
    expect(versionOf({ told: 'one' })).not.toEqual(versionOf({ told: 'other' }))
  })

  test('of no function whose reserved executions change, because Lambda would refuse an equal second version', () => {
    expect(versionOf({ kept: 5 })).toEqual(versionOf({ kept: 6 }))
  })

  test('of no function when tags or the way of the rollout change', () => {
    const others = { tags: { 'cost-center': '42' }, rollout: 'all-at-once' }
    expect(changed(templateOf({ deployment: others }))).toEqual([])
  })
})

/** For each alias: the way of its move, and the alarms that move it back. */
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

test('a new version first gets a tenth of the traffic, and errors of its function move the alias back', () => {
  const moves = movesOf(template)
  expect(moves.map(({ name }) => name)).toEqual(LIVING)
  for (const { name, by, alarms, back } of moves) {
    expect(by).toBe('CodeDeployDefault.LambdaCanary10Percent10Minutes')
    expect(alarms).toEqual([`${name}ErrorsAlarm`, ...(ANSWERING.includes(name) ? ['ServerErrorsAlarm'] : [])])
    expect(back).toEqual(['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'])
  }
})

test('a setting selects another way of the rollout, or all at once without CodeDeploy', () => {
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

test("the template stays far below CloudFormation's limit of 500 resources", () => {
  expect(Object.keys(template.Resources).length).toBeLessThan(300)
})
