// Lists AWS's on-demand prices in one region, in dollars: the first tier of each, without free tiers. They are from articles and
// common knowledge. Before you rely on them, compare them with the pages below, and set the date.

export const PRICES = {
  date: '2025',
  region: 'us-east-1',
  sources: [
    'https://aws.amazon.com/lambda/pricing/',
    'https://aws.amazon.com/api-gateway/pricing/',
    'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    'https://aws.amazon.com/s3/pricing/',
    'https://aws.amazon.com/codebuild/pricing/',
    'https://aws.amazon.com/cloudfront/pricing/',
    'https://aws.amazon.com/cloudwatch/pricing/',
    'https://aws.amazon.com/secrets-manager/pricing/',
  ],
  lambda: { request: 0.2e-6, gigabyteSecondArm64: 0.0000133334 },
  httpApi: { request: 1e-6 },
  /**
   * An eventually consistent read of up to 4 KB is half a read unit. A write unit is up to 1 KB. The storage price includes
   * point-in-time recovery.
   */
  dynamoDb: { readUnit: 0.125e-6, writeUnit: 0.625e-6, gigabyteMonth: 0.25 + 0.2 },
  s3: { get: 0.4e-6, put: 5e-6, gigabyteMonth: 0.023 },
  /** data from AWS to the internet */
  egress: { gigabyte: 0.09 },
  /** prices for x86_64; arm64 costs no more. Each started minute counts */
  codeBuild: {
    minute: { BUILD_GENERAL1_SMALL: 0.005, BUILD_GENERAL1_MEDIUM: 0.01, BUILD_GENERAL1_LARGE: 0.02 },
  },
  /** an HTTPS request; a call of a CloudFront function; data to the internet */
  cloudFront: { request: 1e-6, call: 0.1e-6, gigabyte: 0.085 },
  cloudWatch: { logGigabyte: 0.5, alarmMetricMonth: 0.1, metricMonth: 0.3, dashboardMonth: 3 },
  secrets: { month: 0.4 },
} as const
