// Tests the complete stack: it is valid and reproducible, and its data is protected.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
import { loadTemplate } from '../../local/template/template.ts'
import { faultsOf } from '../support/cdk/schema.ts'
import { readable, resourcesOf, type Synthesis, synthesis, type Template } from '../support/cdk/template.ts'
import { temporaryFolder } from '../support/local/assembly.ts'

let first: Synthesis
beforeAll(() => {
  first = synthesis()
})

const properties = (type: string, id: string) => resourcesOf(first.template, type).get(id)!.Properties

/** The settings in the environment of resolve. */
function settingsIn({ template }: Synthesis): string {
  const { Environment } = resourcesOf(template, 'AWS::Lambda::Function').get('Resolve')!.Properties
  return (Environment as { Variables: Record<string, string> }).Variables[ENV.settings]!
}

describe('the template', () => {
  // Synthesis throws if the policy checks find something, so beforeAll is their test.
  test('is the same when it is made again, even without the checks', () => {
    const again = synthesis(undefined, true)
    expect(again.text).toBe(first.text)
    expect(again.assets).toBe(first.assets)
  })

  test('is valid against the schemas of its resource types', async () => {
    expect(await faultsOf(first.template)).toEqual([])
  })

  test('outputs the address of the registry and the names of resources for operators, and nothing else', () => {
    const outputs = Object.entries(first.template.Outputs).map(
      ([name, { Value }]) => `${name} ${readable(Value)}`,
    )
    const functions = [...resourcesOf(first.template, 'AWS::Lambda::Function').keys()]
    expect(functions).toHaveLength(10)
    expect(outputs.sort()).toEqual(
      [
        ...['ProbesTable Probes', 'BudgetsTable Budgets', 'SourcesTable Sources'],
        ...['ArtifactsBucket Artifacts', 'StagingBucket Staging', 'InputsBucket Inputs', 'RootsBucket Roots'],
        'SigningKeySecretArn SigningKeySecret',
        'Url Api.ApiEndpoint',
        'FailedEventsQueue FailedEvents',
        'AlarmTopicArn AlarmTopic',
        'EventBusName Bus',
        'AccessLogGroup AccessLog',
        ...['BuildX8664', 'BuildAarch64', 'LoadTestX8664', 'LoadTestAarch64'].map(
          (id) => `${id}Project ${id}`,
        ),
        ...functions.flatMap((id) => [`${id}Function ${id}`, `${id}LogGroup ${id}Log`]),
      ].sort(),
    )
  })

  test('is split in two: only one has the resources that must not be lost', () => {
    const types = ({ Resources }: Template) =>
      [...new Set(Object.values(Resources).map(({ Type }) => Type))].sort()
    const kept = [
      'AWS::DynamoDB::Table',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
      'AWS::SecretsManager::Secret',
    ]
    expect(types(first.dataTemplate)).toEqual(kept)
    expect(types(first.workTemplate).filter((type) => kept.includes(type))).toEqual([])
  })

  test('exports all names and ARNs of its data, imported or not, so that no export is ever removed', () => {
    const { dataTemplate, workTemplate } = first
    const exports = Object.values(dataTemplate.Outputs).flatMap(({ Export, Value }) =>
      Export ? [readable(Value)] : [],
    )
    const both = ['Probes', 'Budgets', 'Sources', 'Artifacts', 'Staging', 'Inputs', 'Roots']
    expect(exports.sort()).toEqual([...both, ...both.map((id) => `${id}.Arn`), 'SigningKeySecret'].sort())
    expect(Object.values(workTemplate.Outputs).filter(({ Export }) => Export)).toEqual([])
  })

  test('gives the functions only the settings that the operator changed', () => {
    expect(settingsIn(first)).toBe('{}')
    const own = { budgets: { buildsPerDay: 3 }, revoked: ['1.0.0'] }
    const all = { ...own, hold: DEFAULTS.hold, budgets: { ...DEFAULTS.budgets, ...own.budgets } }
    expect(JSON.parse(settingsIn(synthesis(all, true)))).toEqual(own)
  })
})

test('the data of a local registry has the same names as when there was one stack', () => {
  const folder = temporaryFolder()
  const { dataTemplate, workTemplate } = synthesis(undefined, true)
  for (const [stack, template] of [
    ['ProbeRegistryData', dataTemplate],
    ['ProbeRegistry', workTemplate],
  ] as const) {
    writeFileSync(join(folder, `${stack}.template.json`), JSON.stringify(template))
    writeFileSync(join(folder, `${stack}.assets.json`), '{"files":{}}')
  }
  const { ofType, custom } = loadTemplate(folder, { publicUrl: 'http://127.0.0.1:1' })
  const names = (type: string) => ofType(type).map(({ name }) => name)
  expect(names('AWS::DynamoDB::Table')).toEqual([
    'ProbeRegistry-ProbesF958799F',
    'ProbeRegistry-Budgets847BC00E',
    'ProbeRegistry-SourcesBE4D2488',
  ])
  expect(names('AWS::S3::Bucket')).toEqual([
    'proberegistry-artifacts82dd59a1-2bf86d8a',
    'proberegistry-staging12d1754e-c6d33087',
    'proberegistry-inputsecf79824-15971053',
    'proberegistry-roots3b10600b-f5c5039b',
  ])
  expect(names('AWS::SecretsManager::Secret')).toEqual(['ProbeRegistry-SigningKeySecret'])
  // Otherwise the maker of the key would have to make a key again.
  expect(custom().map(({ logicalId, properties }) => [logicalId, properties])).toEqual([
    [
      'SigningKeyPair',
      {
        Generation: '1',
        ServiceTimeout: '300',
        ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:ProbeRegistry-SigningKeyEEFC2790',
      },
    ],
  ])
})

test("only the functions that use mirrors get a proxy's password", () => {
  const network = { proxy: 'http://registry:only-theirs@proxy.example:3128' }
  const { template } = synthesis({ network }, true)
  const functions = [...resourcesOf(template, 'AWS::Lambda::Function')]
  expect(
    functions.filter(([, one]) => JSON.stringify(one).includes('only-theirs')).map(([id]) => id),
  ).toEqual(['Plan', 'Compose'])
  expect(JSON.stringify(template).split('only-theirs')).toHaveLength(1 + 2)
})

describe('the stored data:', () => {
  test.each(['Artifacts', 'Staging', 'Inputs'])('%s is private, versioned, encrypted and kept', (id) => {
    const bucket = resourcesOf(first.template, 'AWS::S3::Bucket').get(id)!
    expect(bucket.DeletionPolicy).toBe('RetainExceptOnCreate')
    const policy = resourcesOf(first.template, 'AWS::S3::BucketPolicy').get(`${id}Policy`)!
    expect(policy.DeletionPolicy, 'a bucket that stays keeps its policy').toBe('RetainExceptOnCreate')
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
    '%s accepts only requests with TLS, and its policy allows nobody',
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

  test('only staging expires, and the inputs that hosts submitted or builds made', () => {
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
    // Otherwise a record would name an object that has expired.
    expect(Number(days('submitted/'))).toBeGreaterThan(Number(days('kernels/')))
    const noncurrent = JSON.stringify(properties('AWS::S3::Bucket', 'Artifacts').LifecycleConfiguration)
    expect(noncurrent).not.toContain('Noncurrent')
  })

  test.each(['Probes', 'Budgets', 'Sources'])('table %s is kept, protected and restorable', (id) => {
    const table = resourcesOf(first.template, 'AWS::DynamoDB::Table').get(id)!
    expect(table.DeletionPolicy).toBe('RetainExceptOnCreate')
    expect(table.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      KeySchema: [{ AttributeName: TABLE_KEY, KeyType: 'HASH' }],
    })
  })

  test('indexes find open claims by deadline and probes by release, and budgets and probes can expire', () => {
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

  test('the template has no signing key, because the deployment makes it', () => {
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
  test('is routed to resolve, except requests that wait, use the API, or follow no redirect', () => {
    const of = (type: string) => resourcesOf(first.template, type)
    const routes = [...of('AWS::ApiGatewayV2::Route').values()].map(({ Properties }) => {
      const [, integration = ''] = readable(Properties.Target).split('/')
      const uri = of('AWS::ApiGatewayV2::Integration').get(integration)!.Properties.IntegrationUri
      return `${Properties.RouteKey}: ${readable(uri)}`
    })
    expect(routes.sort()).toEqual([
      '$default: ResolveLive',
      'ANY /dev/{proxy+}: DirectLive',
      'ANY /ebpf-probe/{proxy+}: DirectLive',
      'ANY /kernel-module/{proxy+}: DirectLive',
      'ANY /openapi.json: V1Live',
      'ANY /stable/{proxy+}: DirectLive',
      'ANY /v1/{proxy+}: V1Live',
      'ANY /wait/{proxy+}: WaitLive',
      'POST /v1/probes: SubmitLive',
      'POST /v1/verdicts: SubmitLive',
    ])
  })

  test("is logged in a log group with a name that the account's policy covers already", () => {
    const { AccessLogSettings } = properties('AWS::ApiGatewayV2::Stage', 'Stage')
    const { DestinationArn } = AccessLogSettings as { DestinationArn: unknown }
    const group = readable(DestinationArn).replace(/\.Arn$/, '')
    expect(properties('AWS::Logs::LogGroup', group).LogGroupName).toMatch(/^\/aws\/vendedlogs\//)
  })

  test('leaves no query string in the access log, and has the default throttle', () => {
    const stage = properties('AWS::ApiGatewayV2::Stage', 'Stage')
    expect(JSON.stringify(stage.AccessLogSettings)).not.toMatch(/query|rawPath/i)
    expect(stage.DefaultRouteSettings).toEqual({ ThrottlingBurstLimit: 1000, ThrottlingRateLimit: 500 })
  })
})
