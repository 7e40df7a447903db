// Tests the settings of the stack's deployment: its name, account, region, tags, domain and keys.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../cdk/settings.ts'
import { inertIn } from '../../local/template/inert.ts'
import { loadTemplate } from '../../local/template/template.ts'
import { readable, resourcesOf, type Synthesis, synthesis } from '../support/cdk/template.ts'
import { temporaryFolder } from '../support/local/assembly.ts'

const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555'
const SECRET_KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555'
const DEPLOYMENT = {
  stackName: 'Probes-Staging',
  account: '123456789012',
  region: 'eu-central-1',
  tags: { 'cost-center': '42' },
  permissionsBoundary: 'team/Boundary',
  domain: { name: 'probes.example.org', certificateArn: CERTIFICATE },
  secretKeyArn: SECRET_KEY,
}
const { domain } = DEPLOYMENT
interface Environment {
  readonly Variables: Readonly<Record<string, unknown>>
}

const of = (deployment: unknown) => ({ cloud: { deployment } })

const folder = mkdtempSync(join(tmpdir(), 'probe-registry-deployment-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(settings: unknown, region?: string) {
  const file = join(folder, 'settings.json')
  writeFileSync(file, JSON.stringify(settings))
  return readSettings(file, { local: false, region })
}

/** Types of the machines for builds and load tests. */
const typesOf = ({ template }: Synthesis) =>
  [
    ...new Set(
      [...resourcesOf(template, 'AWS::CodeBuild::Project').values()].map(
        ({ Properties }) => (Properties.Environment as { Type: string }).Type,
      ),
    ),
  ].sort()

describe('a stack with deployment settings', () => {
  let made: Synthesis
  beforeAll(() => {
    made = synthesis(of(DEPLOYMENT))
  })
  const properties = (type: string) =>
    [...resourcesOf(made.template, type).values()].map(({ Properties }) => Properties)

  test('has the account, region, name and tags of the settings', () => {
    expect(made.stack).toMatchObject({
      environment: 'aws://123456789012/eu-central-1',
      properties: { stackName: 'Probes-Staging', tags: { 'cost-center': '42' } },
    })
  })

  test('shares no name with another registry of the account', () => {
    expect(made.dataStack.properties.stackName).toBe('Probes-StagingData')
    const { workTemplate, dataTemplate } = made
    const exports = Object.values(dataTemplate.Outputs).map(({ Export }) => Export)
    const all = [workTemplate, dataTemplate].flatMap(({ Resources }) => Object.values(Resources))
    const text = JSON.stringify([exports, all.map(({ Properties }) => Properties)])
    // The name of a statement matters only inside its policy.
    const named = text.replaceAll(/"Sid":"[^"]*"/g, '').match(/"[^"]*ProbeRegistry[^"]*"/g)
    expect(named ?? []).toEqual([])
  })

  test('builds on machines of both architectures in a region that has them', () => {
    expect(typesOf(made)).toEqual(['ARM_CONTAINER', 'LINUX_CONTAINER'])
  })

  test("bounds every role by the settings' policy", () => {
    const roles = properties('AWS::IAM::Role')
    expect(roles.length).toBeGreaterThan(9)
    for (const role of roles)
      expect(readable(role.PermissionsBoundary)).toBe(
        'arn:AWS::Partition:iam::123456789012:policy/team/Boundary',
      )
  })

  test('may name the policy of the bounds by its ARN', () => {
    const permissionsBoundary = 'arn:aws:iam::123456789012:policy/team/Boundary'
    const { template } = synthesis(of({ permissionsBoundary }))
    for (const { Properties } of resourcesOf(template, 'AWS::IAM::Role').values())
      expect(Properties.PermissionsBoundary).toBe(permissionsBoundary)
  })

  test('answers at the root of its domain, where its redirects and links begin, and not below a path', () => {
    expect(properties('AWS::ApiGatewayV2::DomainName')).toEqual([
      {
        DomainName: 'probes.example.org',
        DomainNameConfigurations: [{ CertificateArn: CERTIFICATE, EndpointType: 'REGIONAL' }],
      },
    ])
    const [mapping, ...more] = properties('AWS::ApiGatewayV2::ApiMapping')
    expect(more).toEqual([])
    expect(Object.keys(mapping!).sort()).toEqual(['ApiId', 'DomainName', 'Stage'])
  })

  test('has outputs with the address of its domain and the target for its DNS', () => {
    const { Outputs } = made.template
    expect(
      [Outputs.Url, Outputs.DomainTarget, Outputs.DomainTargetZone].map((o) => readable(o!.Value)),
    ).toEqual(['https://probes.example.org', 'Domain.RegionalDomainName', 'Domain.RegionalHostedZoneId'])
  })

  test("keeps its signing key under the settings' KMS key, which two functions use only through Secrets Manager", () => {
    expect(properties('AWS::SecretsManager::Secret')).toMatchObject([{ KmsKeyId: SECRET_KEY }])
    const users = [...resourcesOf(made.template, 'AWS::IAM::Policy')].flatMap(([id, { Properties }]) => {
      const { Statement } = Properties.PolicyDocument as { Statement: { Resource: unknown }[] }
      return Statement.filter(({ Resource }) => Resource === SECRET_KEY).map((own) => [id, own])
    })
    const own = {
      Effect: 'Allow',
      Resource: SECRET_KEY,
      Condition: { StringEquals: { 'kms:ViaService': expect.anything() } },
    }
    expect(users).toEqual([
      ['PublishRoleDefaultPolicy', { ...own, Action: 'kms:Decrypt' }],
      ['SigningKeyRoleDefaultPolicy', { ...own, Action: ['kms:Decrypt', 'kms:GenerateDataKey'] }],
    ])
    expect(made.text).toContain('"secretsmanager.eu-central-1."')
  })

  test('gives its functions none of these settings, except the namespace of metrics', () => {
    for (const { Environment } of properties('AWS::Lambda::Function')) {
      const { METRICS_NAMESPACE: namespace, ...others } = (Environment as Environment).Variables
      expect(JSON.stringify(others)).not.toMatch(/probes\.example|cost-center|Boundary|Staging"|arn:aws:kms/)
      expect(namespace ?? 'Probes-Staging').toBe('Probes-Staging')
    }
  })
})

test('a stack without deployment settings has the account and region of the credentials, no bounds and no domain', () => {
  const { stack, template, text } = synthesis()
  expect(stack.environment).toBe('aws://unknown-account/unknown-region')
  expect(stack.properties).not.toHaveProperty('tags')
  expect(text).not.toMatch(/PermissionsBoundary|AWS::ApiGatewayV2::DomainName|kms/)
  expect(readable(template.Outputs.Url!.Value)).toBe('Api.ApiEndpoint')
})

test('the local stack ignores the deployment settings', () => {
  expect(synthesis(of(DEPLOYMENT), true).text).toBe(synthesis(undefined, true).text)
})

describe("copies of the signing key's secret", () => {
  const REPLICA_KEY = SECRET_KEY.replace('eu-central-1', 'eu-west-1')
  const secretReplicas = [{ region: 'eu-west-1', keyArn: REPLICA_KEY }]
  const copied = of({ region: 'eu-central-1', secretKeyArn: SECRET_KEY, secretReplicas })
  let made: Synthesis
  beforeAll(() => {
    made = synthesis(copied)
  })

  test('are in the regions of the settings, each under a KMS key of its own region', () => {
    const [secret] = resourcesOf(made.template, 'AWS::SecretsManager::Secret').values()
    expect(secret?.Properties).toMatchObject({
      KmsKeyId: SECRET_KEY,
      ReplicaRegions: [{ Region: 'eu-west-1', KmsKeyId: REPLICA_KEY }],
    })
  })

  test("are under their region's default key if the settings name no key", () => {
    const { template } = synthesis(of({ secretReplicas: [{ region: 'eu-west-1' }] }))
    const [secret] = resourcesOf(template, 'AWS::SecretsManager::Secret').values()
    expect(secret?.Properties.ReplicaRegions).toEqual([{ Region: 'eu-west-1' }])
  })

  test('can be made in no other region, with unchanged rights to read and write the secret', () => {
    const [policy] = resourcesOf(made.template, 'AWS::SecretsManager::ResourcePolicy').values()
    const { Statement } = policy!.Properties.ResourcePolicy as { Statement: { Action: string[] }[] }
    expect(Statement.map(({ Action }) => Action[0])).toEqual([
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
      'secretsmanager:ReplicateSecretToRegions',
    ])
    expect(Statement[2]).toEqual({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: ['secretsmanager:ReplicateSecretToRegions'],
      Resource: '*',
      Condition: { 'ForAnyValue:StringNotEquals': { 'secretsmanager:AddReplicaRegions': ['eu-west-1'] } },
    })
  })

  test('are encrypted for the one function that writes the key, only through Secrets Manager', () => {
    const users = [...resourcesOf(made.template, 'AWS::IAM::Policy')].flatMap(([id, { Properties }]) => {
      const { Statement } = Properties.PolicyDocument as { Statement: { Resource: unknown }[] }
      return Statement.filter(({ Resource }) => Resource === REPLICA_KEY).map((own) => [id, own])
    })
    expect(users).toEqual([
      [
        'SigningKeyRoleDefaultPolicy',
        {
          Effect: 'Allow',
          Action: ['kms:Encrypt', 'kms:GenerateDataKey'],
          Resource: REPLICA_KEY,
          Condition: { StringLike: { 'kms:ViaService': expect.anything() } },
        },
      ],
    ])
    expect(made.text).toContain('"secretsmanager.*."')
  })

  test('are reported as without effect by the local stack', () => {
    const folder = temporaryFolder()
    const { dataTemplate, workTemplate } = synthesis(copied, true)
    for (const [stack, template] of Object.entries({ Registry: workTemplate, RegistryData: dataTemplate })) {
      writeFileSync(join(folder, `${stack}.template.json`), JSON.stringify(template))
      writeFileSync(join(folder, `${stack}.assets.json`), '{"files":{}}')
    }
    const told = inertIn(loadTemplate(folder, { publicUrl: 'http://127.0.0.1:1' }))
    expect(told).toContain('AWS::SecretsManager::Secret.ReplicaRegions')
  })

  const refused: readonly [string, object, RegExp][] = [
    [
      "in the stack's own region",
      { region: 'eu-central-1' },
      /eu-central-1 is the stack's own, and is lost with/,
    ],
    ['in a region that is none', { region: 'xx-nowhere-1' }, /0\.region: xx-nowhere-1 is not a region of/],
    ['in a partition of another kind', { region: 'us-gov-west-1' }, /is not a region of the partition aws/],
    [
      'under a KMS key of another region',
      { region: 'eu-west-1', keyArn: SECRET_KEY },
      /0\.keyArn is in eu-central-1, and the copy in eu-west-1/,
    ],
    [
      'under an alias of a KMS key',
      { region: 'eu-west-1', keyArn: 'alias/mine' },
      /secretReplicas\.0\.keyArn: is not a key's ARN/,
    ],
  ]
  test.each(refused)('are refused %s', (_, replica, words) => {
    expect(() => read(of({ region: 'eu-central-1', secretReplicas: [replica] }))).toThrow(words)
  })

  test('are refused without a KMS key if the secret has one, and twice in one region', () => {
    const region = 'eu-west-1'
    expect(() => read(of({ secretKeyArn: SECRET_KEY, secretReplicas: [{ region }] }))).toThrow(
      /0\.keyArn: the secret has a KMS key of its own .* name a key in eu-west-1/,
    )
    expect(() => read(of({ secretReplicas: [{ region }, { region }] }))).toThrow(
      /secretReplicas\.1\.region: eu-west-1 is named twice/,
    )
  })
})

describe('the settings refuse, with a hint,', () => {
  const cases: readonly [string, unknown, RegExp][] = [
    [
      'a name with a dot',
      { stackName: 'probes.staging' },
      /cloud\.deployment\.stackName: the name of a stack is/,
    ],
    ['an account of eleven digits', { account: '12345678901' }, /account: an account is twelve digits/],
    ['a zone', { region: 'eu-central-1a' }, /region: is not a region/],
    ["a tag of AWS's own", { tags: { 'aws:x': 'y' } }, /tags/],
    [
      'a boundary in another form',
      { permissionsBoundary: 'arn:aws:iam::1:role/x' },
      /neither a policy's name/,
    ],
    [
      'a URL for a domain',
      { domain: { ...domain, name: 'https://x.org/y' } },
      /domain\.name: is not a host name/,
    ],
    ['a path below a domain', { domain: { ...domain, path: 'probes' } }, /domain\.path: is not a setting/],
    ['an alias of a KMS key', { secretKeyArn: 'alias/mine' }, /secretKeyArn: is not a key's ARN/],
    ['a domain without a certificate', { domain: { name: 'x.org' } }, /domain\.certificateArn/],
  ]
  test.each(cases)('%s', (_, deployment, words) => {
    expect(() => read(of(deployment))).toThrow(words)
  })
})

describe('a region', () => {
  const onX86 = { build: { machines: { aarch64: 'x86_64' } } }

  test('without ARM machines is refused, and the suggested setting builds without them', () => {
    const there = of({ region: 'eu-west-3' })
    expect(() => read(there)).toThrow(
      /no ARM machines in eu-west-3.*builds for aarch64 run on those: set (\{.*\}), take one of us-east-1, .*, or add/,
    )
    expect(typesOf(synthesis({ ...there, ...onX86 }))).toEqual(['LINUX_CONTAINER'])
  })

  test('with new ARM machines can be added by the operator', () => {
    const deployment = { region: 'eu-west-3', armRegions: ['eu-west-3'] }
    expect(read(of(deployment)).cloud.deployment.region).toBe('eu-west-3')
  })

  test('is the region of the credentials if the settings name none', () => {
    expect(() => read({}, 'eu-west-3')).toThrow(/no ARM machines in eu-west-3/)
    expect(() => read(of({ region: 'eu-central-1' }), 'eu-west-3')).not.toThrow()
    expect(() => read({}, 'us-east-1')).not.toThrow()
  })

  test.each(['cn-north-1', 'us-gov-west-1', 'eusc-de-east-1'])(
    '%s is refused, because its presigned URLs and ARNs have other names',
    (region) => {
      expect(() => read({ ...of({ region }), ...onX86 })).toThrow(
        new RegExp(`^the settings \\S+: ${region} is in the partition aws-`),
      )
    },
  )

  test('without the certificate of the domain is refused', () => {
    expect(() => read(of({ domain }), 'us-east-1')).toThrow(
      /domain\.certificateArn is in eu-central-1, and the stack goes to us-east-1/,
    )
  })

  test('without the KMS key of the secret is refused', () => {
    expect(() => read(of({ secretKeyArn: SECRET_KEY }), 'us-east-1')).toThrow(
      /secretKeyArn is in eu-central-1, and the stack goes to us-east-1/,
    )
  })
})
