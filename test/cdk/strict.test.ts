// A warning of the CDK stops the synthesis. Each synthesis of test/cdk tests that the stack itself has no warnings.

import { Annotations, App, DefaultStackSynthesizer, Stack, Validations } from 'aws-cdk-lib'
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch'
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb'
import { CfnFunction } from 'aws-cdk-lib/aws-lambda'
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs'
import { expect, test } from 'vitest'
import { strictly } from '../../cdk/strict.ts'
import { temporaryFolder } from '../support/local/assembly.ts'

/** Synthesizes a stack `S` with these resources. */
function synth(add: (stack: Stack) => void): void {
  const app = new App({ outdir: temporaryFolder(), analyticsReporting: false })
  const synthesizer = new DefaultStackSynthesizer({ generateBootstrapVersionRule: false })
  add(new Stack(app, 'S', { synthesizer }))
  strictly(app, { isChecked: true })
}

const logs = (stack: Stack, retentionInDays: number) => new CfnLogGroup(stack, 'Log', { retentionInDays })
const key = { attributeName: 'id', attributeType: 'S' }

test.each<[string, (stack: Stack) => unknown, RegExp]>([
  [
    'a runtime that Lambda does not know',
    (stack) => {
      const fn = new CfnFunction(stack, 'Function', {
        code: { zipFile: 'x' },
        handler: 'index.handler',
        role: 'arn:aws:iam::123456789012:role/x',
        runtime: 'nodejs99.x',
      })
      // The policy checks only know the newest runtimes. Without them, CloudFormation's own check must find it.
      Validations.of(fn).acknowledge({ id: 'AwsSolutions::AwsSolutions-L1', reason: 'a test' })
    },
    /S\/Function: Runtime: 'nodejs99\.x' is not one of .*'nodejs24\.x'.*\(W3030\)/,
  ],
  ['logs that are kept for 31 days', (stack) => logs(stack, 31), /S\/Log: RetentionInDays: 31 is not one of/],
  [
    'an alarm that compares in a way of its own',
    (stack) =>
      new CfnAlarm(stack, 'Alarm', {
        comparisonOperator: 'GreaterThan',
        evaluationPeriods: 1,
        metricName: 'x',
        namespace: 'y',
        period: 300,
        statistic: 'Sum',
        threshold: 1,
      }),
    /S\/Alarm: ComparisonOperator: 'GreaterThan' is not one of/,
  ],
  [
    'a table whose key is of no type',
    (stack) =>
      new CfnTable(stack, 'Table', {
        attributeDefinitions: [{ ...key, attributeType: 'TEXT' }],
        keySchema: [{ attributeName: 'id', keyType: 'HASH' }],
      }),
    /AttributeType/,
  ],
  [
    'what a construct warns of',
    (stack) => Annotations.of(logs(stack, 30)).addWarningV2('odd', 'this is odd'),
    /\/S\/Log: this is odd/,
  ],
])('the synthesis stops and reports the fault: %s', (_, add, words) => {
  expect(() => synth(add)).toThrow(words)
})

test('a stack without warnings does not stop the synthesis', () => {
  expect(() => synth((stack) => logs(stack, 30))).not.toThrow()
})

test('a warning that is acknowledged with its reason does not stop the synthesis', () => {
  const acknowledged = (stack: Stack) =>
    Validations.of(logs(stack, 31)).acknowledge({ id: 'CloudFormation-Validate::W3030', reason: 'a test' })
  expect(() => synth(acknowledged)).not.toThrow()
})
