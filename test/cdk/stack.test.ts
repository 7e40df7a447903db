// The stack as a whole: sound, the same each time, and its data guarded.

import { beforeAll, describe, expect, test } from 'vitest'
import {
  BUILD_ENV,
  ENV,
  EXPIRES,
  OVERDUE_INDEX,
  OVERDUE_PARTITION,
  OVERDUE_SORT,
  RELEASE_INDEX,
  RELEASE_PARTITION,
  TABLE_KEY,
} from '../../lib/aws/resources.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { faultsOf } from '../support/cdk/schema.ts'
import { readable, resourcesOf, type Synthesis, synthesis } from '../support/cdk/template.ts'

let first: Synthesis
beforeAll(() => {
  first = synthesis()
})

const properties = (type: string, id: string) => resourcesOf(first.template, type).get(id)!.Properties

/** As resolve's environment has them. */
function settingsIn({ template }: Synthesis): string {
  const { Environment } = resourcesOf(template, 'AWS::Lambda::Function').get('Resolve')!.Properties
  return (Environment as { Variables: Record<string, string> }).Variables[ENV.settings]!
}

describe('the template', () => {
  // Findings make synthesis throw: beforeAll is the test of the policy checks.
  test('is the same when it is made again, without the checks too', () => {
    const again = synthesis(undefined, true)
    expect(again.text).toBe(first.text)
    expect(again.assets).toBe(first.assets)
  })

  test('is valid against the schemas of its resource types', async () => {
    expect(await faultsOf(first.template)).toEqual([])
  })

  test('gives out the address of the registry, the topic of its alarms, and nothing secret', () => {
    const outputs = Object.entries(first.template.Outputs).map(
      ([name, { Value }]) => `${name} ${readable(Value)}`,
    )
    expect(outputs).toEqual([
      'Url Api.ApiEndpoint',
      'SourcesTable Sources',
      'ProbesTable Probes',
      'AlarmTopicArn AlarmTopic',
    ])
  })

  test('gives the functions nothing of the settings but what the operator changed', () => {
    expect(settingsIn(first)).toBe('{}')
    const own = { budgets: { buildsPerDay: 3 }, revoked: ['1.0.0'] }
    const all = { ...own, hold: DEFAULTS.hold, budgets: { ...DEFAULTS.budgets, ...own.budgets } }
    expect(JSON.parse(settingsIn(synthesis(all, true)))).toEqual(own)
  })
})

test("a proxy's password is given to the functions that ask mirrors, and stands nowhere else", () => {
  const network = { proxy: 'http://registry:only-theirs@proxy.example:3128' }
  const { template } = synthesis({ network }, true)
  const functions = [...resourcesOf(template, 'AWS::Lambda::Function')]
  expect(
    functions.filter(([, one]) => JSON.stringify(one).includes('only-theirs')).map(([id]) => id),
  ).toEqual(['Plan', 'Compose'])
  expect(JSON.stringify(template).split('only-theirs')).toHaveLength(1 + 2)
})

describe('what is stored', () => {
  test.each(['Artifacts', 'Staging', 'Inputs'])('%s is private, versioned, encrypted and kept', (id) => {
    const bucket = resourcesOf(first.template, 'AWS::S3::Bucket').get(id)!
    expect(bucket.DeletionPolicy).toBe('RetainExceptOnCreate')
    expect(bucket.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    })
  })

  test.each(['Artifacts', 'Staging', 'Inputs'])(
    '%s is reached by TLS only, and by nobody through its policy',
    (id) => {
      const { PolicyDocument } = properties('AWS::S3::BucketPolicy', `${id}Policy`) as {
        PolicyDocument: { Statement: { Effect: string; Condition: unknown; Resource: unknown[] }[] }
      }
      expect(PolicyDocument.Statement.map(({ Effect }) => Effect)).not.toContain('Allow')
      const tls = PolicyDocument.Statement.find(({ Condition }) =>
        JSON.stringify(Condition).includes('SecureTransport'),
      )
      expect(tls).toMatchObject({
        Effect: 'Deny',
        Action: 's3:*',
        Principal: { AWS: '*' },
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      })
      expect(tls!.Resource.map(readable)).toEqual([`${id}.Arn`, `${id}.Arn/*`])
    },
  )

  test('only staging, and of the inputs what hosts submitted and builds made, is forgotten', () => {
    const expires = [...resourcesOf(first.template, 'AWS::S3::Bucket')].flatMap(([id, { Properties }]) => {
      const { Rules } = Properties.LifecycleConfiguration as {
        Rules: { Prefix?: string; ExpirationInDays?: number }[]
      }
      return Rules.filter((rule) => rule.ExpirationInDays !== undefined).map(({ Prefix = '' }) => [
        id,
        Prefix,
      ])
    })
    expect(expires).toEqual([
      ['Staging', ''],
      ['Inputs', 'kernels/'],
      ['Inputs', 'submitted/'],
      ['Inputs', 'trees/'],
      ['Inputs', 'images/'],
    ])
    const days = (prefix: string) =>
      JSON.stringify(properties('AWS::S3::Bucket', 'Inputs')).match(
        new RegExp(`"ExpirationInDays":(\\d+),"Prefix":"${prefix}"`),
      )?.[1]
    // Else a record would name what is gone.
    expect(Number(days('submitted/'))).toBeGreaterThan(Number(days('kernels/')))
    const noncurrent = JSON.stringify(properties('AWS::S3::Bucket', 'Artifacts').LifecycleConfiguration)
    expect(noncurrent).not.toContain('Noncurrent')
  })

  test.each(['Probes', 'Budgets', 'Sources'])('table %s is kept, guarded, and restorable', (id) => {
    const table = resourcesOf(first.template, 'AWS::DynamoDB::Table').get(id)!
    expect(table.DeletionPolicy).toBe('RetainExceptOnCreate')
    expect(table.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      KeySchema: [{ AttributeName: TABLE_KEY, KeyType: 'HASH' }],
    })
  })

  test('open claims are found by their deadline, probes by their release, and budgets expire', () => {
    expect(properties('AWS::DynamoDB::Table', 'Probes').GlobalSecondaryIndexes).toEqual([
      {
        IndexName: OVERDUE_INDEX,
        KeySchema: [
          { AttributeName: OVERDUE_PARTITION, KeyType: 'HASH' },
          { AttributeName: OVERDUE_SORT, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
      {
        IndexName: RELEASE_INDEX,
        KeySchema: [
          { AttributeName: RELEASE_PARTITION, KeyType: 'HASH' },
          { AttributeName: TABLE_KEY, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ])
    expect(properties('AWS::DynamoDB::Table', 'Probes').AttributeDefinitions).toContainEqual({
      AttributeName: OVERDUE_SORT,
      AttributeType: 'N',
    })
    for (const id of ['Budgets', 'Probes'])
      expect(properties('AWS::DynamoDB::Table', id).TimeToLiveSpecification).toEqual({
        AttributeName: EXPIRES,
        Enabled: true,
      })
  })

  test('the template holds no signing key: the deployment makes it', () => {
    const secret = resourcesOf(first.template, 'AWS::SecretsManager::Secret').get('SigningKeySecret')!
    expect(Object.keys(secret.Properties)).toEqual(['Description'])
    expect(secret.DeletionPolicy).toBe('RetainExceptOnCreate')
  })
})

describe('a build', () => {
  test.each(['BuildX8664', 'BuildAarch64'])(
    '%s has no source, no artifacts, no logs and no environment',
    (id) => {
      expect(properties('AWS::CodeBuild::Project', id)).toMatchObject({
        Artifacts: { Type: 'NO_ARTIFACTS' },
        Source: { Type: 'NO_SOURCE' },
        LogsConfig: { CloudWatchLogs: { Status: 'DISABLED' }, S3Logs: { Status: 'DISABLED' } },
      })
      expect(JSON.stringify(properties('AWS::CodeBuild::Project', id).Environment)).not.toContain(
        'EnvironmentVariables',
      )
      expect(Object.values(BUILD_ENV)).toContain('JOB_URL')
    },
  )
})

describe('a request', () => {
  test('is resolved, unless it waits, or its client follows no redirect', () => {
    const of = (type: string) => resourcesOf(first.template, type)
    const routes = [...of('AWS::ApiGatewayV2::Route').values()].map(({ Properties }) => {
      const [, integration = ''] = readable(Properties.Target).split('/')
      const uri = of('AWS::ApiGatewayV2::Integration').get(integration)!.Properties.IntegrationUri
      return `${Properties.RouteKey}: ${readable(uri)}`
    })
    expect(routes.sort()).toEqual([
      '$default: Resolve.Arn',
      'ANY /dev/{proxy+}: Direct.Arn',
      'ANY /ebpf-probe/{proxy+}: Direct.Arn',
      'ANY /kernel-module/{proxy+}: Direct.Arn',
      'ANY /openapi.json: V1.Arn',
      'ANY /stable/{proxy+}: Direct.Arn',
      'ANY /v1/{proxy+}: V1.Arn',
      'ANY /wait/{proxy+}: Wait.Arn',
      'POST /v1/probes: Submit.Arn',
      'POST /v1/verdicts: Submit.Arn',
    ])
  })

  test('leaves no query string in the access log', () => {
    const stage = properties('AWS::ApiGatewayV2::Stage', 'Stage')
    expect(JSON.stringify(stage.AccessLogSettings)).not.toMatch(/query|rawPath/i)
    expect(stage.DefaultRouteSettings).toEqual({ ThrottlingBurstLimit: 1000, ThrottlingRateLimit: 500 })
  })
})
