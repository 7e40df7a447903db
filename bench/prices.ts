// AWS's prices on demand in us-east-1, in dollars, without free tiers, for the first tier of each: as articles quote them, or as
// generally known. Read the pages below before you decide by them, and set the date.

export const PRICES = {
  date: '2025',
  sources: [
    'https://aws.amazon.com/lambda/pricing/',
    'https://aws.amazon.com/api-gateway/pricing/',
    'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    'https://aws.amazon.com/s3/pricing/',
    'https://aws.amazon.com/codebuild/pricing/',
    'https://aws.amazon.com/cloudfront/pricing/',
  ],
  lambda: { request: 0.2e-6, gigabyteSecondArm64: 0.0000133334 },
  httpApi: { request: 1e-6 },
  /** half a unit is an eventually consistent read of at most 4 KB */
  dynamoDb: { readUnit: 0.125e-6, writeUnit: 0.625e-6 },
  s3: { get: 0.4e-6, put: 5e-6 },
  /** out to the internet */
  egress: { gigabyte: 0.09 },
  /** `BUILD_GENERAL1_MEDIUM`; each begun minute counts */
  codeBuild: { minute: 0.01 },
  cloudFront: { request: 1e-6, gigabyte: 0.085 },
} as const
