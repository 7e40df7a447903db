// Tests versions and aliases of functions: their ARNs, the version and ARN that an invocation receives, and their permissions.

import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createRoles } from '../../../local/iam/roles.ts'
import { createFunctions } from '../../../local/lambda/lambda.ts'
import type { Outcome } from '../../../local/lambda/runner.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import type { Json, JsonObject } from '../../../local/wire/json.ts'
import { live, temporaryFolder, writeAssembly } from '../../support/local/assembly.ts'

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:Small-Fn'
const TELLS = `exports.handler = async (_, { functionVersion, invokedFunctionArn }) =>
  [process.env.AWS_LAMBDA_FUNCTION_VERSION, functionVersion, invokedFunctionArn]`

async function functionsOf(resources: JsonObject) {
  const assembly = await writeAssembly(join(temporaryFolder(), 'cdk.out'), resources, { Fn: { code: TELLS } })
  const template = loadTemplate(assembly, { publicUrl: 'http://127.0.0.1:1' })
  const log = { line: () => {}, write: () => {}, entry: () => {} }
  const functions = createFunctions({
    ...{ template, roles: createRoles(template, Date.now), now: Date.now, endpoints: {}, openLog: () => log },
  })
  onTestFinished(functions.stop)
  return { ...functions, template }
}

const permit = (FunctionName: Json, Principal: string): JsonObject => ({
  Type: 'AWS::Lambda::Permission',
  Properties: { Action: 'lambda:InvokeFunction', FunctionName, Principal },
})

async function told(invoked: Promise<Outcome>): Promise<unknown> {
  const outcome = await invoked
  return outcome.tag === 'answer' ? JSON.parse(outcome.payload) : outcome
}

test('a Ref of a version or an alias gives its ARN, as in AWS', async () => {
  const { template } = await functionsOf(live('Fn'))
  const ref = (type: string) => template.ofType(type).map((resource) => resource.ref)
  expect([...ref('AWS::Lambda::Version'), ...ref('AWS::Lambda::Alias')]).toEqual([`${ARN}:1`, `${ARN}:live`])
})

test('an invocation of an alias runs its version, and receives that version and the ARN of the alias', async () => {
  const { find } = await functionsOf(live('Fn'))
  for (const name of ['Small-Fn:live', `${ARN}:live`])
    expect(await told(find(name).invoke({}))).toEqual(['1', '1', `${ARN}:live`])
  expect(await told(find(`${ARN}:1`).invoke({}))).toEqual(['1', '1', `${ARN}:1`])
  expect(await told(find('Small-Fn').invoke({}))).toEqual(['$LATEST', '$LATEST', ARN])
})

test('an unknown qualifier is refused in an invocation, a permission and an alias', async () => {
  const { find } = await functionsOf(live('Fn'))
  for (const name of ['Small-Fn:old', `${ARN}:2`, `${ARN}:`])
    expect(() => find(name)).toThrow(/is not in the template/)
  await expect(functionsOf({ Permits: permit('Small-Fn:old', 'events.amazonaws.com') })).rejects.toThrow(
    /Small-Fn:old is not in/,
  )
  const { FnLive } = live('Fn')
  await expect(
    functionsOf({ FnLive: { ...(FnLive as JsonObject), Properties: ALIAS_OF_9 } }),
  ).rejects.toThrow(/has no version 9/)
})
const ALIAS_OF_9 = { FunctionName: { Ref: 'Fn' }, Name: 'live', FunctionVersion: '9' }

test('a permission for a function does not apply to its alias, and one for the alias does not apply to the function', async () => {
  const { find } = await functionsOf({
    ...live('Fn'),
    OfFunction: permit({ Ref: 'Fn' }, 'events.amazonaws.com'),
    OfAlias: permit({ Ref: 'FnLive' }, 'apigateway.amazonaws.com'),
  })
  const [fn, alias, version] = [find('Small-Fn'), find('Small-Fn:live'), find('Small-Fn:1')]
  const permitted = (service: string) =>
    [fn, alias, version].map((one) => one.permits(service, 'arn:aws:any'))
  expect(permitted('events.amazonaws.com')).toEqual([true, false, false])
  expect(permitted('apigateway.amazonaws.com')).toEqual([false, true, false])
})

test('the retries that the template sets for an alias do not apply to the function itself', async () => {
  const { find } = await functionsOf({
    ...live('Fn'),
    Config: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: { FunctionName: { Ref: 'Fn' }, Qualifier: 'live', MaximumRetryAttempts: 0 },
    },
  })
  expect([find('Small-Fn:live').retries, find('Small-Fn').retries]).toEqual([0, 2])
})
