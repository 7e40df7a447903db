// Lists all permissions and variables of each function and build, so that a wider grant fails here.

import { beforeAll, describe, expect, test } from 'vitest'
import { ENV } from '../../lib/aws/resources.ts'
import { withCanary } from '../support/cdk/canary.ts'
import { list, plainId, readable, resourcesOf, synthesis, type Template } from '../support/cdk/template.ts'

interface Statement {
  readonly Effect: string
  readonly Action: string | string[]
  readonly Resource: unknown
  readonly Condition?: unknown
}

const BUILDS = 'BuildX8664.Arn, BuildAarch64.Arn, LoadTestX8664.Arn, LoadTestAarch64.Arn'
const MAY: Record<string, string[]> = {
  Resolve: [
    'logs:CreateLogStream ResolveLog.Arn',
    'logs:PutLogEvents ResolveLog.Arn',
    'dynamodb:GetItem Probes.Arn',
    'dynamodb:GetItem Sources.Arn',
    'dynamodb:UpdateItem Probes.Arn',
    'dynamodb:Query Probes.Arn/index/ByDeadline',
    's3:GetObject Inputs.Arn/kernels/*',
    's3:ListBucket Inputs.Arn',
    'dynamodb:GetItem Budgets.Arn',
    'dynamodb:UpdateItem Budgets.Arn',
    's3:GetObject Artifacts.Arn/*',
    's3:ListBucket Artifacts.Arn',
    's3:GetObject Staging.Arn/*/log',
    'events:PutEvents Bus.Arn',
  ],
  Direct: [
    'logs:CreateLogStream DirectLog.Arn',
    'logs:PutLogEvents DirectLog.Arn',
    'dynamodb:GetItem Probes.Arn',
    'dynamodb:GetItem Sources.Arn',
    'dynamodb:UpdateItem Probes.Arn',
    'dynamodb:Query Probes.Arn/index/ByDeadline',
    's3:GetObject Inputs.Arn/kernels/*',
    's3:ListBucket Inputs.Arn',
    'dynamodb:GetItem Budgets.Arn',
    'dynamodb:UpdateItem Budgets.Arn',
    's3:GetObject Artifacts.Arn/*',
    's3:GetObject Staging.Arn/*/log',
    'events:PutEvents Bus.Arn',
  ],
  Wait: [
    'logs:CreateLogStream WaitLog.Arn',
    'logs:PutLogEvents WaitLog.Arn',
    'dynamodb:GetItem Probes.Arn',
    'dynamodb:UpdateItem Probes.Arn',
    'dynamodb:Query Probes.Arn/index/ByDeadline',
    'dynamodb:GetItem Budgets.Arn',
    'dynamodb:UpdateItem Budgets.Arn',
    's3:GetObject Artifacts.Arn/*',
    'events:PutEvents Bus.Arn',
  ],
  Plan: [
    'logs:CreateLogStream PlanLog.Arn',
    'logs:PutLogEvents PlanLog.Arn',
    'sqs:SendMessage FailedEvents.Arn',
    'dynamodb:GetItem Probes.Arn',
    'dynamodb:UpdateItem Probes.Arn',
    'dynamodb:Query Probes.Arn/index/ByDeadline',
    'dynamodb:UpdateItem Sources.Arn',
    'dynamodb:GetItem Budgets.Arn',
    'dynamodb:UpdateItem Budgets.Arn',
    'dynamodb:GetItem Sources.Arn',
    'dynamodb:PutItem Sources.Arn',
    's3:GetObject Inputs.Arn/*',
    's3:PutObject Inputs.Arn/sha256/* once',
    's3:PutObject Inputs.Arn/metadata/*.json once',
    's3:ListBucket Inputs.Arn',
    's3:GetObject Staging.Arn/*',
    's3:PutObject Staging.Arn/* once',
    's3:PutObject Staging.Arn/*/log',
    ...BUILDS.split(', ').map((arn) => `codebuild:StartBuild ${arn}`),
    ...BUILDS.split(', ').map((arn) => `codebuild:StopBuild ${arn}`),
    's3:GetObject Roots.Arn/*',
    's3:ListBucket Roots.Arn',
    'events:PutEvents Bus.Arn',
  ],
  Compose: [
    'logs:CreateLogStream ComposeLog.Arn',
    'logs:PutLogEvents ComposeLog.Arn',
    'sqs:SendMessage FailedEvents.Arn',
    'dynamodb:UpdateItem Sources.Arn',
    'dynamodb:GetItem Sources.Arn',
    's3:GetObject Inputs.Arn/*',
    's3:PutObject Inputs.Arn/metadata/*.json once',
    's3:ListBucket Inputs.Arn',
    's3:GetObject Roots.Arn/*',
    's3:PutObject Roots.Arn/sha256/* once',
    's3:PutObject Roots.Arn/roots/*.json once',
    's3:ListBucket Roots.Arn',
  ],
  Publish: [
    'logs:CreateLogStream PublishLog.Arn',
    'logs:PutLogEvents PublishLog.Arn',
    'sqs:SendMessage FailedEvents.Arn',
    'dynamodb:GetItem Probes.Arn',
    'dynamodb:UpdateItem Probes.Arn',
    'dynamodb:Query Probes.Arn/index/ByDeadline',
    'dynamodb:GetItem Budgets.Arn',
    'dynamodb:UpdateItem Budgets.Arn',
    's3:GetObject Staging.Arn/*',
    's3:ListBucket Staging.Arn',
    's3:PutObject Artifacts.Arn/driver/* once',
    's3:PutObject Artifacts.Arn/config/* once',
    's3:PutObject Artifacts.Arn/config-hash/* once',
    's3:PutObject Artifacts.Arn/apt/* once',
    's3:PutObject Artifacts.Arn/rpm/* once',
    's3:PutObject Artifacts.Arn/oci/* once',
    's3:GetObject Artifacts.Arn/driver/*',
    's3:GetObject Artifacts.Arn/apt/*',
    's3:GetObject Artifacts.Arn/rpm/*',
    's3:GetObject Artifacts.Arn/oci/*',
    'dynamodb:GetItem Sources.Arn of ~apt/* ~rpm/* ~oci/*',
    'dynamodb:UpdateItem Sources.Arn of ~apt/* ~rpm/* ~oci/*',
    's3:PutObject Inputs.Arn/trees/* once',
    's3:PutObject Inputs.Arn/images/* once',
    'secretsmanager:GetSecretValue SigningKeySecret',
    'events:PutEvents Bus.Arn',
    ...BUILDS.split(', ').map((arn) => `codebuild:BatchGetBuilds ${arn}`),
    ...BUILDS.split(', ').map((arn) => `codebuild:StopBuild ${arn}`),
  ],
  Submit: [
    'logs:CreateLogStream SubmitLog.Arn',
    'logs:PutLogEvents SubmitLog.Arn',
    'dynamodb:GetItem Probes.Arn',
    'dynamodb:GetItem Sources.Arn',
    'dynamodb:UpdateItem Probes.Arn',
    's3:GetObject Inputs.Arn/kernels/*',
    's3:ListBucket Inputs.Arn',
    's3:PutObject Inputs.Arn/kernels/* once',
    'dynamodb:GetItem Budgets.Arn',
    'dynamodb:UpdateItem Budgets.Arn',
    's3:GetObject Inputs.Arn/submitted/*',
    's3:PutObject Inputs.Arn/submitted/* once',
    'events:PutEvents Bus.Arn',
  ],
  V1: [
    'logs:CreateLogStream V1Log.Arn',
    'logs:PutLogEvents V1Log.Arn',
    'dynamodb:GetItem Probes.Arn',
    'dynamodb:UpdateItem Probes.Arn',
    'dynamodb:Scan Probes.Arn',
    'dynamodb:Query Probes.Arn/index/ByRelease',
    'dynamodb:GetItem Sources.Arn',
    'dynamodb:GetItem Budgets.Arn',
    'dynamodb:UpdateItem Budgets.Arn',
    'events:PutEvents Bus.Arn',
  ],
  Sweep: [
    'logs:CreateLogStream SweepLog.Arn',
    'logs:PutLogEvents SweepLog.Arn',
    'dynamodb:Query Probes.Arn/index/ByDeadline',
    'events:PutEvents Bus.Arn',
  ],
  Canary: ['logs:CreateLogStream CanaryLog.Arn', 'logs:PutLogEvents CanaryLog.Arn'],
  SigningKey: [
    'logs:CreateLogStream SigningKeyLog.Arn',
    'logs:PutLogEvents SigningKeyLog.Arn',
    'secretsmanager:PutSecretValue SigningKeySecret',
    's3:PutObject Artifacts.Arn/keys/falco-probes.asc',
    's3:GetObject Artifacts.Arn/keys/falco-probes.asc',
    's3:ListBucket Artifacts.Arn',
  ],
}

const KNOWS: Record<string, (keyof typeof ENV)[]> = {
  Resolve: [
    'probesTable',
    'inputsBucket',
    'sourcesTable',
    'budgetsTable',
    'artifactsBucket',
    'stagingBucket',
    'eventBus',
    'metricsNamespace',
    'settings',
  ],
  Direct: [
    'probesTable',
    'inputsBucket',
    'sourcesTable',
    'budgetsTable',
    'artifactsBucket',
    'stagingBucket',
    'eventBus',
    'settings',
  ],
  Wait: ['probesTable', 'budgetsTable', 'artifactsBucket', 'eventBus', 'settings'],
  Plan: [
    'probesTable',
    'budgetsTable',
    'sourcesTable',
    'inputsBucket',
    'stagingBucket',
    'rootsBucket',
    'eventBus',
    'projectX86_64',
    'projectAarch64',
    'loadTestX86_64',
    'loadTestAarch64',
    'metricsNamespace',
    'settings',
  ],
  Compose: ['sourcesTable', 'inputsBucket', 'rootsBucket', 'settings'],
  Publish: [
    'probesTable',
    'budgetsTable',
    'sourcesTable',
    'stagingBucket',
    'artifactsBucket',
    'inputsBucket',
    'signingKeySecret',
    'eventBus',
    'projectX86_64',
    'projectAarch64',
    'loadTestX86_64',
    'loadTestAarch64',
    'metricsNamespace',
    'settings',
  ],
  Submit: ['probesTable', 'sourcesTable', 'budgetsTable', 'inputsBucket', 'eventBus', 'settings'],
  V1: ['probesTable', 'sourcesTable', 'budgetsTable', 'eventBus', 'settings'],
  Sweep: ['probesTable', 'eventBus', 'metricsNamespace'],
  Canary: ['registryUrl', 'canaryProbe', 'metricsNamespace'],
  SigningKey: ['signingKeySecret', 'artifactsBucket'],
}

let template: Template
beforeAll(() => {
  template = synthesis(withCanary(), true).template
})

const policies = () =>
  [...resourcesOf(template, 'AWS::IAM::Policy').values()].map(
    ({ Properties }) =>
      Properties as { Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } },
  )

const statementsOf = (role: string): Statement[] =>
  policies()
    .filter(({ Roles }) => Roles.some(({ Ref }) => plainId(Ref) === role))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)

/** `once`: only objects that do not exist yet; `of`: only items with keys that begin like that. */
const grants = (role: string): string[] =>
  statementsOf(role).flatMap(({ Action, Resource, Condition }) =>
    list(Action).flatMap((action) =>
      list(Resource).map((resource) => `${action} ${readable(resource)}${conditionOf(Condition)}`),
    ),
  )

const ONCE = JSON.stringify({ Null: { 's3:if-none-match': 'false' } })
function conditionOf(condition: unknown): string {
  if (condition === undefined) return ''
  if (JSON.stringify(condition) === ONCE) return ' once'
  const keys = leadingKeys(condition as Conditions)
  return keys === undefined ? ` if ${JSON.stringify(condition)}` : ` of ${keys.join(' ')}`
}

type Conditions = Record<string, Record<string, string | string[]>>

/** The keys, if the condition demands them of every request and demands nothing else. */
function leadingKeys(condition: Conditions): readonly string[] | undefined {
  const { 'ForAllValues:StringLike': like, Null: none, ...more } = condition
  const bounded = none?.['dynamodb:LeadingKeys'] === 'false' && Object.keys(more).length === 0
  return bounded ? list(like?.['dynamodb:LeadingKeys'] ?? []) : undefined
}

describe('every function', () => {
  test.each(Object.entries(MAY))('%s may do exactly what its work needs', (name, may) => {
    expect(grants(`${name}Role`).sort()).toEqual([...may].sort())
  })

  test.each(Object.entries(KNOWS))('%s gets exactly the variables it needs', (name, knows) => {
    const environment = resourcesOf(template, 'AWS::Lambda::Function').get(name)!.Properties.Environment as {
      Variables: Record<string, unknown>
    }
    expect(Object.keys(environment.Variables).sort()).toEqual(knows.map((key) => ENV[key]).sort())
  })

  test('is in these lists', () => {
    const functions = [...resourcesOf(template, 'AWS::Lambda::Function').keys()].sort()
    expect(functions).toEqual(Object.keys(MAY).sort())
    expect(functions).toEqual(Object.keys(KNOWS).sort())
  })
})

test('no role allows an action or a resource by a bare wildcard', () => {
  const statements = policies().flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
  const wide = statements.filter(
    ({ Effect, Action, Resource }) =>
      Effect !== 'Allow' ||
      list(Action).some((action) => action.includes('*')) ||
      list(Resource).some((resource) => /^\*|:\*/.test(readable(resource))),
  )
  // CodeDeploy reads alarms. CloudWatch cannot limit the right to read states to some alarms.
  expect(wide).toEqual([{ Effect: 'Allow', Action: 'cloudwatch:DescribeAlarms', Resource: '*' }])
})

test('the role that moves aliases may do nothing else, and only to those functions', () => {
  const verbs = ['GetAlias', 'GetProvisionedConcurrencyConfig', 'UpdateAlias']
  const moved = Object.keys(MAY).filter((name) => !['SigningKey', 'Canary'].includes(name))
  expect(grants('RolloutRole').sort()).toEqual(
    [
      'cloudwatch:DescribeAlarms *',
      ...verbs.flatMap((verb) =>
        moved.flatMap((name) => [`lambda:${verb} ${name}.Arn`, `lambda:${verb} ${name}.Arn:live`]),
      ),
    ].sort(),
  )
})

test('functions may replace no objects except the logs of builds and the public key', () => {
  const replaces = Object.keys(MAY).flatMap((name) =>
    grants(`${name}Role`).filter((grant) => grant.startsWith('s3:PutObject') && !grant.endsWith(' once')),
  )
  expect(replaces).toEqual([
    's3:PutObject Staging.Arn/*/log',
    's3:PutObject Artifacts.Arn/keys/falco-probes.asc',
  ])
})

test('the secret of the key denies its use to all but its two functions, and does not restrict its own policy', () => {
  const [policy, ...more] = [...resourcesOf(template, 'AWS::SecretsManager::ResourcePolicy').values()]
  expect(more).toEqual([])
  const { SecretId, ResourcePolicy, BlockPublicPolicy } = policy!.Properties
  expect([readable(SecretId), BlockPublicPolicy]).toEqual(['SigningKeySecret', true])
  const { Statement: statements } = ResourcePolicy as { Statement: SecretStatement[] }
  expect(
    statements.map(({ Effect, Action, Condition: { ArnNotEquals } }) => [
      Effect,
      readable(ArnNotEquals['aws:PrincipalArn']),
      Action,
    ]),
  ).toEqual([
    ['Deny', 'PublishRole.Arn', ['secretsmanager:GetSecretValue', 'secretsmanager:ReplicateSecretToRegions']],
    [
      'Deny',
      'SigningKeyRole.Arn',
      [
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecret',
        'secretsmanager:UpdateSecretVersionStage',
        'secretsmanager:RotateSecret',
      ],
    ],
  ])
})

interface SecretStatement {
  readonly Effect: string
  readonly Action: string[]
  readonly Condition: { readonly ArnNotEquals: { readonly 'aws:PrincipalArn': unknown } }
}

test('roles have no managed policies and no inline policies', () => {
  for (const [, { Properties }] of resourcesOf(template, 'AWS::IAM::Role')) {
    expect(Object.keys(Properties)).not.toContain('ManagedPolicyArns')
    expect(Object.keys(Properties)).not.toContain('Policies')
  }
})

test('a build can reach nothing: its role has no policy at all', () => {
  const projects = [...resourcesOf(template, 'AWS::CodeBuild::Project').values()]
  expect(projects).toHaveLength(4)
  for (const { Properties } of projects) {
    const role = readable(Properties.ServiceRole)
    expect(role).toBe('BuildRole.Arn')
    expect(grants('BuildRole')).toEqual([])
  }
})
