// AWS's on-demand prices in one region, in dollars, without free tiers, for the first tier of each. They are from articles or
// common knowledge: read the pages below before you decide by them, and set the date.

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
  /** half a unit is an eventually consistent read of at most 4 KB; a write is of at most 1 KB; stored with its recovery */
  dynamoDb: { readUnit: 0.125e-6, writeUnit: 0.625e-6, gigabyteMonth: 0.25 + 0.2 },
  s3: { get: 0.4e-6, put: 5e-6, gigabyteMonth: 0.023 },
  /** out to the internet */
  egress: { gigabyte: 0.09 },
  /** of x86_64; each begun minute counts. Machines of arm64 cost no more */
  codeBuild: {
    minute: { BUILD_GENERAL1_SMALL: 0.005, BUILD_GENERAL1_MEDIUM: 0.01, BUILD_GENERAL1_LARGE: 0.02 },
  },
  /** a request by HTTPS; a call of a function at its edges; out to the internet */
  cloudFront: { request: 1e-6, call: 0.1e-6, gigabyte: 0.085 },
  cloudWatch: { logGigabyte: 0.5, alarmMetricMonth: 0.1, metricMonth: 0.3, dashboardMonth: 3 },
  secrets: { month: 0.4 },
} as const
