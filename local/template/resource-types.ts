// The resource types that have a life, or a stated rest, on one machine: their names, attributes and properties.

import { sha256 } from '../wire/digest.ts'
import { ACCOUNT, REGION } from '../wire/types.ts'

/** What a resource's references are made of. */
export interface Identity {
  readonly stack: string
  readonly logicalId: string
  /** physical name */
  readonly name: string
  /** of what it lies in, where its property says so */
  readonly within: string | undefined
  readonly publicUrl: string
}

interface ResourceType {
  /** the property that names the resource, where there is one */
  readonly nameProperty?: string
  /** the property that names what it lies in */
  readonly withinProperty?: string
  /** the physical name when no property gives it */
  name(stack: string, logicalId: string): string
  ref(it: Identity): string
  readonly attributes: Readonly<Record<string, (it: Identity) => string>>
  /** properties that do something here */
  readonly lives: readonly string[]
  /** properties that mean nothing on one machine */
  readonly inert: readonly string[]
}

const arn = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`
const digest = (text: string, length: number): string => sha256(text).slice(0, length)

const plainName = (stack: string, id: string): string => `${stack}-${id}`
const bucketName = (stack: string, id: string): string =>
  `${stack}-${id}`
    .toLowerCase()
    .slice(0, 50)
    .concat(`-${digest(id, 8)}`)
const byName = (it: Identity): string => it.name

const named = (
  nameProperty: string | undefined,
  attributes: ResourceType['attributes'],
  lives: readonly string[],
  inert: readonly string[],
): ResourceType => ({
  ...(nameProperty === undefined ? {} : { nameProperty }),
  name: plainName,
  ref: byName,
  attributes,
  lives: nameProperty === undefined ? lives : [nameProperty, ...lives],
  inert: ['Tags', 'Description', ...inert],
})

const roleArn = (it: Identity): string => `arn:aws:iam::${ACCOUNT}:role/${it.name}`
const bucketArn = (it: Identity): string => `arn:aws:s3:::${it.name}`
const topicArn = (it: Identity): string => arn('sns', it.name)
const queueUrl = (it: Identity): string => `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${it.name}`
/** A rule of the default bus is called by its name alone. */
const onBus = ({ within, name }: Identity, between: string): string =>
  within === undefined || within === 'default' ? name : `${within}${between}${name}`
/** Its function is named, or given by its ARN. */
function ofFunction({ within, logicalId }: Identity, qualifier: string): string {
  if (within === undefined) throw new Error(`${logicalId}: FunctionName is expected`)
  return arn('lambda', `function:${within.replace(/^arn:aws:lambda:[^:]*:[^:]*:function:/, '')}:${qualifier}`)
}
/** Each start is a first deployment, so there is no other. */
const FIRST_VERSION = '1'
const versionArn = (it: Identity): string => ofFunction(it, FIRST_VERSION)
const aliasArn = (it: Identity): string => ofFunction(it, it.name)
/** Six characters follow a secret's name, as Secrets Manager has it. */
const secretArn = (it: Identity): string => arn('secretsmanager', `secret:${it.name}-${digest(it.name, 6)}`)

const LIVING: Readonly<Record<string, ResourceType>> = {
  'AWS::DynamoDB::Table': named(
    'TableName',
    { Arn: (it) => arn('dynamodb', `table/${it.name}`) },
    ['KeySchema', 'AttributeDefinitions', 'GlobalSecondaryIndexes', 'TimeToLiveSpecification', 'BillingMode'],
    ['PointInTimeRecoverySpecification', 'DeletionProtectionEnabled', 'SSESpecification', 'TableClass'],
  ),
  'AWS::S3::Bucket': {
    ...named(
      'BucketName',
      { Arn: bucketArn },
      ['LifecycleConfiguration'],
      [
        'BucketEncryption',
        'LoggingConfiguration',
        'OwnershipControls',
        'PublicAccessBlockConfiguration',
        'VersioningConfiguration',
      ],
    ),
    name: bucketName,
  },
  'AWS::S3::BucketPolicy': named(undefined, {}, ['Bucket', 'PolicyDocument'], []),
  'AWS::Lambda::Function': named(
    'FunctionName',
    { Arn: (it) => arn('lambda', `function:${it.name}`) },
    [
      'Code',
      'Environment',
      'Handler',
      'MemorySize',
      'PackageType',
      'ReservedConcurrentExecutions',
      'Role',
      'Runtime',
      'Timeout',
    ],
    [
      'Architectures',
      'EphemeralStorage',
      'LoggingConfig',
      'TracingConfig',
      'KmsKeyArn',
      'RuntimeManagementConfig',
    ],
  ),
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html
  'AWS::Lambda::Version': {
    ...named(undefined, { FunctionArn: versionArn, Version: () => FIRST_VERSION }, ['FunctionName'], []),
    withinProperty: 'FunctionName',
    ref: versionArn,
  },
  'AWS::Lambda::Alias': {
    ...named('Name', { AliasArn: aliasArn }, ['FunctionName', 'FunctionVersion'], []),
    withinProperty: 'FunctionName',
    ref: aliasArn,
  },
  'AWS::Lambda::Permission': named(
    undefined,
    {},
    ['Action', 'FunctionName', 'Principal', 'SourceAccount', 'SourceArn'],
    [],
  ),
  'AWS::Lambda::EventInvokeConfig': named(
    undefined,
    {},
    ['DestinationConfig', 'FunctionName', 'MaximumEventAgeInSeconds', 'MaximumRetryAttempts', 'Qualifier'],
    [],
  ),
  'AWS::IAM::Role': named(
    'RoleName',
    { Arn: roleArn },
    ['AssumeRolePolicyDocument', 'ManagedPolicyArns', 'Policies'],
    ['MaxSessionDuration', 'Path'],
  ),
  'AWS::IAM::Policy': named('PolicyName', {}, ['PolicyDocument', 'Roles'], []),
  'AWS::ApiGatewayV2::Api': {
    ...named(
      undefined,
      { ApiEndpoint: (it) => it.publicUrl },
      ['ProtocolType'],
      ['DisableExecuteApiEndpoint', 'IpAddressType', 'Name'],
    ),
    name: (stack, id) => digest(`${stack}/${id}`, 10),
  },
  'AWS::ApiGatewayV2::Stage': {
    ...named(
      undefined,
      {},
      ['ApiId', 'AutoDeploy', 'DefaultRouteSettings', 'StageName'],
      ['AccessLogSettings'],
    ),
    nameProperty: 'StageName',
  },
  'AWS::ApiGatewayV2::Integration': named(
    undefined,
    {},
    [
      'ApiId',
      'IntegrationMethod',
      'IntegrationType',
      'IntegrationUri',
      'PayloadFormatVersion',
      'TimeoutInMillis',
    ],
    [],
  ),
  'AWS::ApiGatewayV2::Route': named(undefined, {}, ['ApiId', 'AuthorizationType', 'RouteKey', 'Target'], []),
  'AWS::Events::EventBus': named(
    'Name',
    { Arn: (it) => arn('events', `event-bus/${it.name}`), Name: byName },
    [],
    [],
  ),
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
  'AWS::Events::Rule': {
    ...named(
      'Name',
      { Arn: (it) => arn('events', `rule/${onBus(it, '/')}`) },
      ['EventBusName', 'EventPattern', 'ScheduleExpression', 'State', 'Targets'],
      [],
    ),
    withinProperty: 'EventBusName',
    ref: (it) => onBus(it, '|'),
  },
  'AWS::SQS::Queue': {
    ...named(
      'QueueName',
      { Arn: (it) => arn('sqs', it.name), QueueName: byName, QueueUrl: queueUrl },
      ['MaximumMessageSize', 'MessageRetentionPeriod', 'VisibilityTimeout'],
      ['SqsManagedSseEnabled'],
    ),
    ref: queueUrl,
  },
  'AWS::SQS::QueuePolicy': named(undefined, {}, ['PolicyDocument', 'Queues'], []),
  'AWS::SecretsManager::Secret': {
    ...named('Name', {}, ['GenerateSecretString', 'SecretString'], ['KmsKeyId', 'ReplicaRegions']),
    ref: secretArn,
  },
  'AWS::SecretsManager::ResourcePolicy': named(
    undefined,
    {},
    ['ResourcePolicy', 'SecretId'],
    ['BlockPublicPolicy'],
  ),
  'AWS::CodeBuild::Project': named(
    'Name',
    { Arn: (it) => arn('codebuild', `project/${it.name}`) },
    ['Artifacts', 'Environment', 'QueuedTimeoutInMinutes', 'ServiceRole', 'Source', 'TimeoutInMinutes'],
    ['Cache', 'EncryptionKey', 'LogsConfig', 'Visibility'],
  ),
}

/** Stand in the template, are referred to, and have no life on one machine: whatever they say is inert. */
const INERT: Readonly<Record<string, Pick<ResourceType, 'ref' | 'attributes'>>> = {
  'AWS::CDK::Metadata': { ref: byName, attributes: {} },
  // Where a distribution stands before the API, one machine's port is the API itself, and refuses what comes past it.
  'AWS::CloudFront::Distribution': {
    ref: byName,
    attributes: { DomainName: (it) => `${it.name.toLowerCase()}.cloudfront.net` },
  },
  'AWS::CloudFront::CachePolicy': { ref: byName, attributes: {} },
  'AWS::CloudFront::Function': {
    ref: byName,
    attributes: { FunctionARN: (it) => arn('cloudfront', `function/${it.name}`) },
  },
  'AWS::CloudFront::OriginAccessControl': { ref: byName, attributes: { Id: byName } },
  'AWS::CloudFront::OriginRequestPolicy': { ref: byName, attributes: {} },
  'AWS::CloudFront::ResponseHeadersPolicy': { ref: byName, attributes: {} },
  'AWS::CloudWatch::Alarm': {
    ref: byName,
    attributes: { Arn: (it) => arn('cloudwatch', `alarm:${it.name}`) },
  },
  'AWS::CloudWatch::Dashboard': { ref: byName, attributes: {} },
  // They move an alias from one version to the next; a start has one version.
  'AWS::CodeDeploy::Application': { ref: byName, attributes: {} },
  'AWS::CodeDeploy::DeploymentGroup': { ref: byName, attributes: {} },
  'AWS::Logs::LogGroup': { ref: byName, attributes: { Arn: (it) => arn('logs', `log-group:${it.name}:*`) } },
  'AWS::Logs::MetricFilter': { ref: byName, attributes: {} },
  'AWS::SNS::Topic': { ref: topicArn, attributes: {} },
  'AWS::SNS::Subscription': { ref: byName, attributes: {} },
  'AWS::SNS::TopicPolicy': { ref: byName, attributes: {} },
}

export const isCustom = (type: string): boolean =>
  type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::')

export const isInert = (type: string): boolean => Object.hasOwn(INERT, type)

/** The type, or an error that names it: nothing is skipped. Custom resources are not in this table. */
export function resourceType(type: string): ResourceType {
  if (Object.hasOwn(LIVING, type)) return LIVING[type]!
  if (isInert(type)) return { ...named(undefined, {}, [], []), ...INERT[type]! }
  throw new Error(`resource type ${type} is not known on one machine`)
}
