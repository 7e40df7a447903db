// The resource types that are known on one machine, active or inert: their names, attributes and properties.

import { sha256 } from '../wire/digest.ts'
import { ACCOUNT, REGION } from '../wire/types.ts'

/** The data from which a resource's references are made. */
export interface Identity {
  readonly stack: string
  readonly logicalId: string
  /** physical name */
  readonly name: string
  /** name of the containing resource, if a property gives it */
  readonly within: string | undefined
  readonly publicUrl: string
}

export interface ResourceType {
  /** property that contains the resource's name, if there is one */
  readonly nameProperty?: string
  /** property that names the containing resource */
  readonly withinProperty?: string
  /** the physical name if no property gives it */
  name(stack: string, logicalId: string): string
  ref(it: Identity): string
  readonly attributes: Readonly<Record<string, (it: Identity) => string>>
  /** properties that have an effect here */
  readonly lives: readonly string[]
  /** properties that have no effect on one machine */
  readonly inert: readonly string[]
}

const arn = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`
const digest = (text: string, length: number): string => sha256(text).slice(0, length)

const plainName = (stack: string, id: string): string => `${stack}-${id}`
const bucketName = (stack: string, id: string): string =>
  `${plainName(stack, id).toLowerCase().slice(0, 50)}-${digest(id, 8)}`
const byName = (it: Identity): string => it.name

const living = ({ lives = [], inert = [], ...own }: Partial<ResourceType>): ResourceType => ({
  ...{ name: plainName, ref: byName, attributes: {}, ...own },
  lives: own.nameProperty === undefined ? lives : [own.nameProperty, ...lives],
  inert: ['Tags', 'Description', ...inert],
})

const queueUrl = (it: Identity): string => `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${it.name}`
/** A rule of the default bus has no bus in its references. */
const onBus = ({ within, name }: Identity, between: string): string =>
  within === undefined || within === 'default' ? name : `${within}${between}${name}`
/** FunctionName may be a name or an ARN. */
function ofFunction({ within, logicalId }: Identity, qualifier: string): string {
  if (within === undefined) throw new Error(`${logicalId}: FunctionName is expected`)
  return arn('lambda', `function:${within.replace(/^arn:aws:lambda:[^:]*:[^:]*:function:/, '')}:${qualifier}`)
}
/** Each start is a first deployment, so there is only one version. */
const FIRST_VERSION = '1'
const versionArn = (it: Identity): string => ofFunction(it, FIRST_VERSION)
const aliasArn = (it: Identity): string => ofFunction(it, it.name)
/** Secrets Manager adds six characters to a secret's name. */
const secretArn = (it: Identity): string => arn('secretsmanager', `secret:${it.name}-${digest(it.name, 6)}`)

const LIVING: Readonly<Record<string, ResourceType>> = {
  'AWS::DynamoDB::Table': living({
    nameProperty: 'TableName',
    attributes: { Arn: (it) => arn('dynamodb', `table/${it.name}`) },
    lives: [
      ...['AttributeDefinitions', 'BillingMode', 'GlobalSecondaryIndexes', 'KeySchema'],
      'TimeToLiveSpecification',
    ],
    inert: ['DeletionProtectionEnabled', 'PointInTimeRecoverySpecification'],
  }),
  'AWS::S3::Bucket': living({
    nameProperty: 'BucketName',
    name: bucketName,
    attributes: { Arn: (it) => `arn:aws:s3:::${it.name}` },
    lives: ['LifecycleConfiguration'],
    inert: ['BucketEncryption', 'PublicAccessBlockConfiguration', 'VersioningConfiguration'],
  }),
  'AWS::S3::BucketPolicy': living({ lives: ['Bucket', 'PolicyDocument'] }),
  'AWS::Lambda::Function': living({
    nameProperty: 'FunctionName',
    attributes: { Arn: (it) => arn('lambda', `function:${it.name}`) },
    lives: [
      ...['Code', 'Environment', 'Handler', 'MemorySize', 'ReservedConcurrentExecutions', 'Role', 'Runtime'],
      'Timeout',
    ],
    inert: ['Architectures', 'EphemeralStorage', 'LoggingConfig'],
  }),
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html
  'AWS::Lambda::Version': living({
    withinProperty: 'FunctionName',
    ref: versionArn,
    attributes: { FunctionArn: versionArn, Version: () => FIRST_VERSION },
    lives: ['FunctionName'],
  }),
  'AWS::Lambda::Alias': living({
    nameProperty: 'Name',
    withinProperty: 'FunctionName',
    ref: aliasArn,
    attributes: { AliasArn: aliasArn },
    lives: ['FunctionName', 'FunctionVersion'],
  }),
  'AWS::Lambda::Permission': living({ lives: ['Action', 'FunctionName', 'Principal', 'SourceArn'] }),
  'AWS::Lambda::EventInvokeConfig': living({
    lives: [
      ...['DestinationConfig', 'FunctionName', 'MaximumEventAgeInSeconds', 'MaximumRetryAttempts'],
      'Qualifier',
    ],
  }),
  'AWS::IAM::Role': living({
    nameProperty: 'RoleName',
    attributes: { Arn: (it) => `arn:aws:iam::${ACCOUNT}:role/${it.name}` },
    lives: ['AssumeRolePolicyDocument', 'Policies'],
  }),
  'AWS::IAM::Policy': living({ nameProperty: 'PolicyName', lives: ['PolicyDocument', 'Roles'] }),
  'AWS::ApiGatewayV2::Api': living({
    name: (stack, id) => digest(`${stack}/${id}`, 10),
    attributes: { ApiEndpoint: (it) => it.publicUrl },
    lives: ['ProtocolType'],
    inert: ['DisableExecuteApiEndpoint', 'Name'],
  }),
  'AWS::ApiGatewayV2::Stage': living({
    nameProperty: 'StageName',
    lives: ['ApiId', 'AutoDeploy', 'DefaultRouteSettings'],
    inert: ['AccessLogSettings'],
  }),
  'AWS::ApiGatewayV2::Integration': living({
    lives: ['ApiId', 'IntegrationType', 'IntegrationUri', 'PayloadFormatVersion', 'TimeoutInMillis'],
  }),
  'AWS::ApiGatewayV2::Route': living({ lives: ['ApiId', 'AuthorizationType', 'RouteKey', 'Target'] }),
  'AWS::Events::EventBus': living({
    nameProperty: 'Name',
    attributes: { Arn: (it) => arn('events', `event-bus/${it.name}`), Name: byName },
  }),
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
  'AWS::Events::Rule': living({
    nameProperty: 'Name',
    withinProperty: 'EventBusName',
    ref: (it) => onBus(it, '|'),
    attributes: { Arn: (it) => arn('events', `rule/${onBus(it, '/')}`) },
    lives: ['EventBusName', 'EventPattern', 'ScheduleExpression', 'State', 'Targets'],
  }),
  'AWS::SQS::Queue': living({
    nameProperty: 'QueueName',
    ref: queueUrl,
    attributes: { Arn: (it) => arn('sqs', it.name), QueueName: byName, QueueUrl: queueUrl },
    lives: ['MaximumMessageSize', 'MessageRetentionPeriod', 'VisibilityTimeout'],
    inert: ['SqsManagedSseEnabled'],
  }),
  'AWS::SQS::QueuePolicy': living({ lives: ['PolicyDocument', 'Queues'] }),
  'AWS::SecretsManager::Secret': living({
    nameProperty: 'Name',
    ref: secretArn,
    lives: ['GenerateSecretString'],
    inert: ['KmsKeyId', 'ReplicaRegions'],
  }),
  'AWS::SecretsManager::ResourcePolicy': living({
    lives: ['ResourcePolicy', 'SecretId'],
    inert: ['BlockPublicPolicy'],
  }),
  'AWS::CodeBuild::Project': living({
    nameProperty: 'Name',
    attributes: { Arn: (it) => arn('codebuild', `project/${it.name}`) },
    lives: [
      ...['Artifacts', 'Environment', 'QueuedTimeoutInMinutes', 'ServiceRole', 'Source', 'TimeoutInMinutes'],
    ],
    inert: ['Cache', 'LogsConfig'],
  }),
}

/** Types that other resources refer to, but that do nothing on one machine: all their properties are inert. */
const INERT: Readonly<Record<string, Partial<ResourceType>>> = {
  // In AWS, CloudFront is in front of the API. Here clients reach the API directly. If the settings say so, it refuses them,
  // because they bypass CloudFront (functions/runtime/edge.ts).
  'AWS::CloudFront::Distribution': {
    attributes: { DomainName: (it) => `${it.name.toLowerCase()}.cloudfront.net` },
  },
  'AWS::CloudFront::CachePolicy': {},
  'AWS::CloudFront::Function': {
    attributes: { FunctionARN: (it) => arn('cloudfront', `function/${it.name}`) },
  },
  'AWS::CloudFront::OriginAccessControl': { attributes: { Id: byName } },
  'AWS::CloudFront::OriginRequestPolicy': {},
  'AWS::CloudFront::ResponseHeadersPolicy': {},
  'AWS::CloudWatch::Alarm': { attributes: { Arn: (it) => arn('cloudwatch', `alarm:${it.name}`) } },
  'AWS::CloudWatch::Dashboard': {},
  // CodeDeploy moves an alias from one version to the next; here there is only one version.
  'AWS::CodeDeploy::Application': {},
  'AWS::CodeDeploy::DeploymentGroup': {},
  'AWS::Logs::LogGroup': { attributes: { Arn: (it) => arn('logs', `log-group:${it.name}:*`) } },
  'AWS::Logs::MetricFilter': {},
  'AWS::SNS::Topic': { ref: (it) => arn('sns', it.name) },
  'AWS::SNS::Subscription': {},
  'AWS::SNS::TopicPolicy': {},
}

export const isCustom = (type: string): boolean =>
  type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::')

export const isInert = (type: string): boolean => Object.hasOwn(INERT, type)

/** Returns the type. Throws if it is unknown; nothing is skipped. Custom resources are not in this table. */
export function resourceType(type: string): ResourceType {
  if (Object.hasOwn(LIVING, type)) return LIVING[type]!
  if (isInert(type)) return living(INERT[type]!)
  throw new Error(`resource type ${type} is not known on one machine`)
}
