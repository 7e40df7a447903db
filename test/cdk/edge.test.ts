// Tests the distribution in front of the API: it exists only with its setting, and then only it can use the API.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FIREWALL, synthesizeFirewall } from '../../cdk/firewall.ts'
import { readSettings } from '../../cdk/settings.ts'
import { EDGE_HEADER, ENV, VIEWER_HEADER } from '../../lib/aws/resources.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { routes } from '../../lib/names/routes.ts'
import { isInert } from '../../local/template/resource-types.ts'
import { behindEdge, CERTIFICATE, WEB_ACL } from '../support/cdk/edge.ts'
import { faultsOf } from '../support/cdk/schema.ts'
import {
  list,
  plainId,
  readable,
  resourcesOf,
  type Synthesis,
  synthesis,
  type Template,
} from '../support/cdk/template.ts'
import { documentAt } from '../support/documents/markdown.ts'

const ANSWERING = ['Direct', 'Resolve', 'Submit', 'V1', 'Wait']

interface Distribution {
  readonly CacheBehaviors?: (Record<string, unknown> & { readonly TargetOriginId: string })[]
  readonly Aliases?: string[]
  readonly CustomErrorResponses: { ErrorCode: number; ErrorCachingMinTTL: number }[]
  readonly DefaultCacheBehavior: Record<string, unknown>
  readonly Origins: {
    Id: string
    DomainName: unknown
    OriginAccessControlId?: unknown
    CustomOriginConfig: Record<string, unknown>
    OriginCustomHeaders: { HeaderName: string; HeaderValue: unknown }[]
  }[]
  readonly ViewerCertificate?: Record<string, unknown>
  readonly WebACLId: string
}

const folder = mkdtempSync(join(tmpdir(), 'probe-registry-edge-'))
afterAll(() => rmSync(folder, { recursive: true }))

function settingsFile(settings: object): string {
  const file = join(folder, 'settings.json')
  writeFileSync(file, JSON.stringify(settings))
  return file
}

const template = (own: object = {}) => synthesis(behindEdge(own), true).template
const distributionOf = (from: Template): Distribution =>
  resourcesOf(from, 'AWS::CloudFront::Distribution').get('Edge')!.Properties
    .DistributionConfig as unknown as Distribution
const environmentOf = (from: Template, id: string) =>
  (
    resourcesOf(from, 'AWS::Lambda::Function').get(id)!.Properties.Environment as {
      Variables: Record<string, unknown>
    }
  ).Variables
const told = (from: Template): string[] =>
  [...resourcesOf(from, 'AWS::Lambda::Function').keys()]
    .filter((id) => ENV.edgeSecrets in (environmentOf(from, id) ?? {}))
    .sort()
const edgeSecrets = (from: Template): string[] =>
  [...resourcesOf(from, 'AWS::SecretsManager::Secret').keys()].filter((id) => id !== 'SigningKeySecret')
const sentBy = (from: Template): string => {
  const [header, ...more] = distributionOf(from).Origins[0]!.OriginCustomHeaders
  expect([header!.HeaderName, more]).toEqual([EDGE_HEADER, []])
  return readable(header!.HeaderValue)
}

test('without its setting the template has no part of a distribution', () => {
  const { text, template: without } = synthesis(undefined, true)
  expect(text).not.toMatch(/CloudFront|WAF|EDGE_SECRETS|EdgeSecret/i)
  expect(told(without)).toEqual([])
})

describe('with its setting', () => {
  let behind: Template
  beforeAll(() => {
    // Includes the policy checks, which throw if they find something.
    behind = synthesis(behindEdge()).template
  })

  test('the template is valid, and outputs the address of the distribution', async () => {
    expect(await faultsOf(behind)).toEqual([])
    expect(readable(behind.Outputs.Url!.Value)).toBe('https://Edge.DomainName')
    expect(readable(behind.Outputs.DistributionDomain!.Value)).toBe('Edge.DomainName')
  })

  test('Secrets Manager generates the secret, and the template has only its name', () => {
    const { Properties } = resourcesOf(behind, 'AWS::SecretsManager::Secret').get('EdgeSecret1')!
    expect(Object.keys(Properties).sort()).toEqual(['Description', 'GenerateSecretString'])
    expect(sentBy(behind)).toBe('{{resolve:secretsmanager:EdgeSecret1:SecretString:::}}')
  })

  test('only the functions behind the API know the secret and may read it', () => {
    const asked = [...resourcesOf(behind, 'AWS::ApiGatewayV2::Integration').values()]
      .map(({ Properties }) => readable(Properties.IntegrationUri))
      .sort()
    expect(asked).toEqual(ANSWERING.map((id) => `${id}Live`))
    expect(told(behind)).toEqual(ANSWERING)
    const readers = [...resourcesOf(behind, 'AWS::IAM::Policy').values()].flatMap(({ Properties }) => {
      const { Roles, PolicyDocument } = Properties as {
        Roles: { Ref: string }[]
        PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] }
      }
      return PolicyDocument.Statement.filter(({ Resource }) =>
        list(Resource).some((resource) => readable(resource).startsWith('EdgeSecret')),
      ).map(({ Action }) => [plainId(Roles[0]!.Ref), Action])
    })
    expect(readers.sort()).toEqual(ANSWERING.map((name) => [`${name}Role`, 'secretsmanager:GetSecretValue']))
    for (const { Properties } of resourcesOf(behind, 'AWS::CodeBuild::Project').values())
      expect(JSON.stringify(Properties)).not.toContain('EdgeSecret')
  })

  test('the distribution uses only TLS to the API, and waits longer than any function answers', () => {
    const [origin, ...more] = distributionOf(behind).Origins
    expect(more).toEqual([])
    expect(readable(origin!.DomainName)).toBe('Api.execute-api.AWS::Region.AWS::URLSuffix')
    expect(origin!.CustomOriginConfig).toMatchObject({
      OriginProtocolPolicy: 'https-only',
      OriginSSLProtocols: ['TLSv1.2'],
    })
    const timeouts = ANSWERING.map(
      (id) => resourcesOf(behind, 'AWS::Lambda::Function').get(id)!.Properties.Timeout as number,
    )
    // The API's own limit is 30 seconds. More than 60 needs a higher quota.
    const { OriginReadTimeout } = origin!.CustomOriginConfig
    expect(OriginReadTimeout).toBeGreaterThan(Math.max(30, ...timeouts))
    expect(OriginReadTimeout).toBeLessThanOrEqual(60)
  })

  test('the distribution caches no answers and no errors of the API', () => {
    const { DefaultCacheBehavior, CustomErrorResponses } = distributionOf(behind)
    expect(DefaultCacheBehavior).toMatchObject({
      // Managed-CachingDisabled
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      ViewerProtocolPolicy: 'https-only',
      Compress: false,
    })
    expect(DefaultCacheBehavior.AllowedMethods).toEqual(expect.arrayContaining(['GET', 'HEAD', 'POST']))
    const codes = CustomErrorResponses.filter(({ ErrorCachingMinTTL }) => ErrorCachingMinTTL === 0)
    expect(codes.map(({ ErrorCode }) => ErrorCode)).toEqual([
      400, 403, 404, 405, 414, 500, 501, 502, 503, 504,
    ])
  })

  test('the API gets the address of the viewer and the query, but not the host', () => {
    const { OriginRequestPolicyConfig } = resourcesOf(behind, 'AWS::CloudFront::OriginRequestPolicy').get(
      'EdgeRequests',
    )!.Properties as { OriginRequestPolicyConfig: Record<string, unknown> }
    expect(OriginRequestPolicyConfig).toMatchObject({
      HeadersConfig: {
        HeaderBehavior: 'whitelist',
        Headers: [VIEWER_HEADER, 'content-type', 'user-agent'],
      },
      QueryStringsConfig: { QueryStringBehavior: 'all' },
      CookiesConfig: { CookieBehavior: 'none' },
    })
    expect(readable(OriginRequestPolicyConfig.Name)).toBe('ProbeRegistry-AWS::Region')
  })

  test('it has the firewall that the settings name', () => {
    expect(distributionOf(behind).WebACLId).toBe(WEB_ACL)
  })

  test('the functions accept a secret before the distribution sends it', () => {
    const [, { DependsOn }] = Object.entries(behind.Resources).find(
      ([, { Type }]) => Type === 'AWS::CloudFront::Distribution',
    )! as unknown as [string, { DependsOn: string[] }]
    expect(DependsOn.map(plainId)).toEqual(expect.arrayContaining(ANSWERING))
    // Until its alias has moved, a function uses the secrets that it knew before.
    expect(DependsOn.map(plainId)).toEqual(expect.arrayContaining(ANSWERING.map((id) => `${id}Live`)))
  })
})

test('a replaced secret stays valid until the next replacement', () => {
  const [second, third] = [template({ secret: 2 }), template({ secret: 3 })]
  expect([edgeSecrets(second).sort(), sentBy(second)]).toEqual([
    ['EdgeSecret1', 'EdgeSecret2'],
    '{{resolve:secretsmanager:EdgeSecret2:SecretString:::}}',
  ])
  expect(edgeSecrets(third).sort()).toEqual(['EdgeSecret2', 'EdgeSecret3'])
  for (const id of ANSWERING)
    expect(readable(environmentOf(third, id)[ENV.edgeSecrets])).toBe('EdgeSecret3,EdgeSecret2')
})

test('its own domain names have their certificate, and need TLS 1.2 or newer', () => {
  const named = template({ names: ['probes.example.org', 'probes.example.com'], certificate: CERTIFICATE })
  expect(distributionOf(named)).toMatchObject({
    Aliases: ['probes.example.org', 'probes.example.com'],
    ViewerCertificate: { AcmCertificateArn: CERTIFICATE, MinimumProtocolVersion: 'TLSv1.2_2021' },
  })
  expect(named.Outputs.Url!.Value).toBe('https://probes.example.org')
})

test.each([
  [{ webAcl: 'arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/A/1' }, /webAcl: .*deploy:firewall/],
  [{ webAcl: `${WEB_ACL}\n` }, /webAcl/],
  [{ certificate: CERTIFICATE.replace('us-east-1', 'eu-central-1') }, /certificate: .*us-east-1/],
  [{ names: ['probes.example.org'] }, /certificate: names and their certificate go together/],
  [{ certificate: CERTIFICATE }, /certificate: names and their certificate go together/],
  [{ names: ['https://probes.example.org'], certificate: CERTIFICATE }, /names.0: is not a host name/],
  [{ requestsPerAddress: 9 }, /requestsPerAddress: .*6000/],
  [{ secret: 0 }, /secret/],
  [{ distribution: 'd111111abcdef8.cloudfront.net' }, /distribution: .*DistributionId/],
  [{ distribution: 'E2QWRUHAPMQZL7', webAcl: undefined }, /distribution: needs a webAcl/],
  [{ distribution: 'E2QWRUHAPMQZL7', direct: 'answered' }, /distribution: .*set direct to refused first/],
])('refuses %j before a deployment', (own, why) => {
  expect(() => readSettings(settingsFile(behindEdge(own)), { local: false })).toThrow(why)
})

describe('a distribution with its id in the settings serves published files itself', () => {
  const ID = 'E2QWRUHAPMQZL7'
  const KEY = `driver/11.0.0+driver/x86_64/falco_debian_6.1.0_1.ko/${'0'.repeat(64)}/falco_debian_6.1.0_1.ko`
  let own: Template
  let data: Template
  let without: Synthesis
  let bucketPolicy: readonly Statement[]
  beforeAll(() => {
    const made = synthesis(behindEdge({ distribution: ID }))
    own = made.template
    data = made.dataTemplate
    without = synthesis(behindEdge(), true)
    bucketPolicy = (
      resourcesOf(own, 'AWS::S3::BucketPolicy').get('ArtifactsPolicy')!.Properties.PolicyDocument as {
        Statement: Statement[]
      }
    ).Statement
  })
  interface Statement {
    readonly Effect: string
    readonly Action: string
    readonly Resource: unknown
    readonly Principal: unknown
    readonly Condition: Record<string, Record<string, unknown>>
  }
  const config = (type: string, id: string, member: string) =>
    resourcesOf(own, `AWS::CloudFront::${type}`).get(id)!.Properties[member] as Record<string, unknown>
  const behaviour = () => {
    const [only, ...more] = distributionOf(own).CacheBehaviors ?? []
    expect(more).toEqual([])
    return only!
  }

  test('the template is valid, and has the same outputs and exports as without the id', async () => {
    expect(await faultsOf(own)).toEqual([])
    expect(Object.keys(own.Outputs)).toEqual(Object.keys(without.template.Outputs))
    expect(data.Outputs).toEqual(without.dataTemplate.Outputs)
    expect(readable(own.Outputs.DistributionId!.Value)).toBe('Edge')
  })

  test('only that distribution may read the bucket, and only published probes', () => {
    const [allowed, ...more] = bucketPolicy.filter(({ Effect }) => Effect === 'Allow')
    expect(more).toEqual([])
    expect([allowed!.Principal, allowed!.Action]).toEqual([
      { Service: 'cloudfront.amazonaws.com' },
      's3:GetObject',
    ])
    expect(Object.keys(allowed!.Condition)).toEqual(['StringEquals'])
    expect(Object.keys(allowed!.Condition.StringEquals!)).toEqual(['aws:SourceArn'])
    expect(readable(allowed!.Condition.StringEquals!['aws:SourceArn'])).toBe(
      `arn:AWS::Partition:cloudfront::AWS::AccountId:distribution/${ID}`,
    )
    const patterns = list(allowed!.Resource).map((resource) => {
      const [bucket, ...keys] = readable(resource).split('/')
      expect(bucket).toBe('Artifacts.Arn')
      const expression = keys.join('/').replace(/[.+]/g, '\\$&').replaceAll('?', '.').replaceAll('*', '.*')
      return new RegExp(`^${expression}$`)
    })
    const isAllowed = (key: string) => patterns.some((pattern) => pattern.test(key))
    expect(isAllowed(KEY)).toBe(true)
    expect(isAllowed(KEY.replace('driver/', 'config/'))).toBe(true)
    for (const key of ['keys/falco-probes.asc', KEY.replace(/\/0{64}\/.*/, '/failed/1.log')])
      expect(isAllowed(key)).toBe(false)
    expect(without.text).not.toContain('cloudfront.amazonaws.com')
  })

  test('names that are unique in the account differ by region, and fit even with the longest name of a stack', () => {
    const stackName = 'A'.repeat(100)
    const { template: long } = synthesis(
      { cloud: { ...behindEdge({ distribution: ID }).cloud, deployment: { stackName } } },
      true,
    )
    for (const made of [own, long]) {
      const name = readable(
        resourcesOf(made, 'AWS::CloudFront::Function').get('EdgeBytesPaths')!.Properties.Name,
      )
      expect(name).toContain('AWS::Region')
      expect(name.replace('AWS::Region', 'ap-northeast-1').length).toBeLessThanOrEqual(64)
    }
  })

  test('it sends signed requests to S3 in its own region, only for its own path, and only GET and HEAD', () => {
    const origin = distributionOf(own).Origins.find(({ Id }) => Id === behaviour().TargetOriginId)!
    expect(readable(origin.DomainName)).toBe('Artifacts.s3.AWS::Region.AWS::URLSuffix')
    expect(readable(origin.OriginAccessControlId)).toBe('EdgeBytesAccess.Id')
    expect(config('OriginAccessControl', 'EdgeBytesAccess', 'OriginAccessControlConfig')).toMatchObject({
      OriginAccessControlOriginType: 's3',
      SigningBehavior: 'always',
      SigningProtocol: 'sigv4',
    })
    expect(behaviour()).toMatchObject({
      PathPattern: '/by-digest/*',
      AllowedMethods: ['GET', 'HEAD'],
      ViewerProtocolPolicy: 'https-only',
      Compress: false,
    })
  })

  test('no path of the registry begins like that path', () => {
    for (const { path } of routes()) expect(path.startsWith('/by-digest')).toBe(false)
  })

  test("the path becomes the object's key", () => {
    const [made] = [...resourcesOf(own, 'AWS::CloudFront::Function').values()]
    const handler = runInNewContext(`${String(made!.Properties.FunctionCode)}; handler`)
    const uri = `/by-digest/${KEY.replace('+', '%2B')}`
    expect(handler({ request: { uri, method: 'GET' } })).toEqual({
      uri: uri.replace('/by-digest', ''),
      method: 'GET',
    })
  })

  test('caches keep a probe by its path alone, for the hour that withdrawn probes may remain available', () => {
    expect(config('CachePolicy', 'EdgeBytesCache', 'CachePolicyConfig')).toMatchObject({
      ...{ MinTTL: 3600, DefaultTTL: 3600, MaxTTL: 3600 },
      ParametersInCacheKeyAndForwardedToOrigin: {
        CookiesConfig: { CookieBehavior: 'none' },
        HeadersConfig: { HeaderBehavior: 'none' },
        QueryStringsConfig: { QueryStringBehavior: 'none' },
      },
    })
    const { CustomHeadersConfig } = config(
      'ResponseHeadersPolicy',
      'EdgeBytesHeaders',
      'ResponseHeadersPolicyConfig',
    ) as { CustomHeadersConfig: { Items: { Header: string; Value: string }[] } }
    const headers = CustomHeadersConfig.Items.map(({ Header, Value }) => `${Header}: ${Value}`)
    expect(headers).toContain('Cache-Control: public, max-age=3600, immutable')
    expect(documentAt('docs/operations.md').text).toContain('public, max-age=3600, immutable')
  })

  test('the local stack lists its resources among those without effect', () => {
    for (const type of ['CachePolicy', 'Function', 'OriginAccessControl', 'ResponseHeadersPolicy'])
      expect(isInert(`AWS::CloudFront::${type}`)).toBe(true)
  })
})

describe('the firewall', () => {
  const own = { requestsPerAddress: 1234, submissionsPerAddress: 56 }
  const deployment = { stackName: 'Probes', region: 'eu-central-1', tags: { 'cost-center': '42' } }
  let firewall: Template
  beforeAll(() => {
    synthesizeFirewall({
      outdir: join(folder, 'out'),
      settingsFile: settingsFile({ cloud: { edge: own, deployment } }),
    })
    const file = join(folder, 'out', `${FIREWALL}.template.json`)
    firewall = JSON.parse(readFileSync(file, 'utf8')) as Template
  })
  const webAcl = () => resourcesOf(firewall, 'AWS::WAFv2::WebACL').get('WebAcl')!.Properties
  const rules = () =>
    webAcl().Rules as {
      Name: string
      Statement: { RateBasedStatement: Record<string, unknown> }
      Action: { Block: { CustomResponse: Record<string, unknown> } }
    }[]

  test('has the name and the tags of the registry, and is always in us-east-1', () => {
    const manifest = JSON.parse(readFileSync(join(folder, 'out', 'manifest.json'), 'utf8'))
    expect(manifest.artifacts[FIREWALL]).toMatchObject({
      environment: 'aws://unknown-account/us-east-1',
      properties: { stackName: 'ProbesFirewall', tags: deployment.tags },
    })
    const [log] = [...resourcesOf(firewall, 'AWS::Logs::LogGroup').values()]
    expect(log!.Properties.LogGroupName).toBe('aws-waf-logs-ProbesFirewall')
  })

  test('is valid, needs no ARN of itself, and outputs its ARN', async () => {
    expect(await faultsOf(firewall)).toEqual([])
    expect(readable(firewall.Outputs.WebAclArn!.Value)).toBe('WebAcl.Arn')
    expect(webAcl()).toMatchObject({ Scope: 'CLOUDFRONT', DefaultAction: { Allow: {} } })
  })

  test('limits requests and submissions of one address in five minutes, as the settings demand', () => {
    expect(rules().map(({ Name, Statement }) => [Name, Statement.RateBasedStatement])).toEqual([
      [
        'Submissions',
        {
          AggregateKeyType: 'IP',
          EvaluationWindowSec: 300,
          Limit: 56,
          ScopeDownStatement: {
            ByteMatchStatement: {
              FieldToMatch: { Method: {} },
              PositionalConstraint: 'EXACTLY',
              SearchString: 'POST',
              TextTransformations: [{ Priority: 0, Type: 'NONE' }],
            },
          },
        },
      ],
      ['Requests', { AggregateKeyType: 'IP', EvaluationWindowSec: 300, Limit: 1234 }],
    ])
  })

  test('answers 429 with a Retry-After', () => {
    const bodies = webAcl().CustomResponseBodies as Record<string, { Content: string }>
    expect(rules()).toHaveLength(2)
    for (const { Action } of rules()) {
      const { ResponseCode, ResponseHeaders, CustomResponseBodyKey } = Action.Block.CustomResponse
      expect([ResponseCode, ResponseHeaders]).toEqual([
        429,
        expect.arrayContaining([{ Name: 'Retry-After', Value: '60' }]),
      ])
      expect(JSON.parse(bodies[String(CustomResponseBodyKey)]!.Content)).toMatchObject({ status: 429 })
    }
  })

  test("allows a caller all waits that the registry allows, and less than a tenth of the stage's requests", () => {
    const { hold, cloud } = DEFAULTS
    const { requestsPerAddress, submissionsPerAddress } = cloud.edge
    expect(requestsPerAddress).toBeGreaterThan((hold.waitsPerCaller * 300) / hold.hopSeconds)
    expect(requestsPerAddress).toBeLessThan((cloud.requestsPerSecond * 300) / 10)
    expect(submissionsPerAddress).toBeLessThan(requestsPerAddress)
  })

  test('logs only refused requests, without their query', () => {
    const { Properties } = resourcesOf(firewall, 'AWS::WAFv2::LoggingConfiguration').get('Logging')!
    expect(Properties).toMatchObject({
      RedactedFields: [{ QueryString: {} }],
      LoggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [{ Behavior: 'KEEP', Conditions: [{ ActionCondition: { Action: 'BLOCK' } }] }],
      },
    })
    expect(readable(list(Properties.LogDestinationConfigs)[0])).toMatch(/:log-group:Log$/)
  })
})
