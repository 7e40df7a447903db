// Defines the operator's settings for all targets, and their defaults. cdk/ writes the settings into each function's environment.

import * as z from 'zod'
import { isCidr } from './caller.ts'
import { sha256Hex } from './digest.ts'
import { driverArchive } from './driver-archives.ts'
import { DRIVER_COMMITS, driverCommitsSchema } from './driver-commits.ts'
import { ARCHES, DRIVER_NAMES, KINDS, RECIPES } from './probe.ts'

/** `error`: allowed values, for the operator */
const matching = (pattern: RegExp, error: string) => z.string().regex(pattern, { error })

const driverSource = z.discriminatedUnion('from', [
  /** a package of driver sources with a Makefile; the signed lists of `driverPackages` contain its digest */
  z.object({ from: z.literal('package'), package: z.string() }),
  /**
   * a .tar.gz. `{driverVersion}` in the URL is replaced. Without a URL, it is searched in `driverArchives`. Without a digest, it is
   * trusted on first use
   */
  z.object({ from: z.literal('archive'), url: z.string().optional(), sha256: sha256Hex.optional() }),
  /** a local folder of driver sources; never in the cloud */
  z.object({ from: z.literal('directory'), path: z.string() }),
])

const driverVersions = z.object({
  /** anchored regular expression of the driver versions that this entry serves */
  match: z.string(),
  /** the same, human-readable; refusals of other versions quote it */
  about: z.string(),
  names: z.array(z.enum(DRIVER_NAMES)),
  kinds: z.array(z.enum(KINDS)),
  recipe: z.enum(RECIPES),
  source: driverSource,
  /** for versions that fail with upstream's sources (support.ts): `refused` (default), or `tried` because the sources differ */
  knownFailures: z.enum(['refused', 'tried']).optional(),
})

/** CodeBuild's own images have a tag, because AWS also runs the machine. All others have a digest, because a tag can be moved. */
const buildImage = matching(
  /^(?:aws\/codebuild\/[a-z0-9_-]+:[0-9.]+|[a-z0-9][a-z0-9.:/_-]*@sha256:[0-9a-f]{64})$/,
  "an image is one of CodeBuild's own (aws/codebuild/NAME:VERSION), or named by its digest, NAME@sha256:...; `docker buildx imagetools inspect NAME:TAG` reads it",
)

const region = matching(/^[a-z]{2,}(?:-[a-z]+)+-\d$/, 'is not a region such as eu-central-1')

/** CloudFormation derives names of resources from it: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack-parameters.html */
const stackName = matching(
  /^[A-Za-z][A-Za-z0-9-]{0,99}$/,
  'the name of a stack is letters, digits and hyphens, at most 100, and begins with a letter',
)

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html */
const tags = z.record(
  matching(
    /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/u,
    "a tag's key has 1 to 128 letters, digits, spaces or _ . : / = + @ -, and does not begin with aws:",
  ),
  matching(
    /^[\p{L}\p{Z}\p{N}_.:/=+@-]{0,256}$/u,
    "a tag's value has at most 256 letters, digits, spaces or _ . : / = + @ -",
  ),
)

const kmsKeyArn = matching(
  /^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
  "is not a key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID",
)

/**
 * Ways to move requests and events to a new version of a function. `all-at-once`: CloudFormation moves them and ignores alarms.
 * Otherwise CodeDeploy moves them step by step, and moves them back if the function's alarms ring.
 */
const ROLLOUTS = [
  'all-at-once',
  'canary-10-percent-5-minutes',
  'canary-10-percent-10-minutes',
  'canary-10-percent-30-minutes',
  'linear-10-percent-every-1-minute',
] as const
export type Rollout = (typeof ROLLOUTS)[number]

/** The operator's own host name for the HTTP API, and its certificate, which must be in the region of the stack. */
const domain = z.object({
  name: matching(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    'is not a host name in small letters, such as probes.example.org',
  ),
  certificateArn: matching(
    /^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[A-Za-z0-9-]+$/,
    "is not a certificate's ARN, arn:aws:acm:REGION:ACCOUNT:certificate/ID",
  ),
})

/** A CloudFront distribution in front of the API, only if `webAcl` names a firewall (AWS WAF) that limits requests by address. */
const edge = z
  .object({
    /** the firewall: a web ACL of scope CLOUDFRONT, from `npm run deploy:firewall` or the operator's own */
    webAcl: matching(
      /^arn:aws:wafv2:us-east-1:\d{12}:global\/webacl\/[\w-]+\/[0-9a-f-]+$/,
      'is not the ARN of a web ACL for CloudFront, arn:aws:wafv2:us-east-1:...:global/webacl/...: `npm run deploy:firewall` makes one and prints it',
    ).optional(),
    /** limit of requests from one address in five minutes; the firewall answers further ones with 429 */
    requestsPerAddress: z.int().min(10).max(2_000_000_000),
    /** limit of POST requests among these, because the registry may have to unpack a file for each */
    submissionsPerAddress: z.int().min(10).max(2_000_000_000),
    /** further host names of the distribution */
    names: z.array(matching(/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'is not a host name')).max(20),
    /** certificate for `names` */
    certificate: matching(
      /^arn:aws:acm:us-east-1:\d{12}:certificate\/[\w-]+$/,
      'is not the ARN of a certificate in us-east-1, where CloudFront wants it: arn:aws:acm:us-east-1:...:certificate/...',
    ).optional(),
    /** treatment of requests that bypass the distribution; use `answered` only until every host uses the distribution */
    direct: z.enum(['refused', 'answered']),
    /** id of the distribution, once it exists; then its caches serve published objects */
    distribution: matching(
      /^E[A-Z0-9]{8,20}$/,
      'is not the id of a distribution: the output DistributionId of the stack has it',
    ).optional(),
    /** number of the secret that the distribution sends. Add one to make a new secret; the previous one stays valid */
    secret: z.int().min(1),
  })
  .refine(({ names, certificate }) => names.length > 0 === (certificate !== undefined), {
    path: ['certificate'],
    error: 'names and their certificate go together: set both or neither',
  })
  .refine(({ distribution, webAcl }) => distribution === undefined || webAcl !== undefined, {
    path: ['distribution'],
    error: 'needs a webAcl',
  })
  .refine(({ distribution, direct }) => distribution === undefined || direct === 'refused', {
    path: ['distribution'],
    error:
      'direct requests to the API would be redirected to paths that it does not have: set direct to refused first',
  })
export type EdgeSettings = z.infer<typeof edge>

export const baseSettings = z.object({
  /** the first entry that matches a driver version counts */
  drivers: z.array(driverVersions),
  /** mirrors, folders and files with archives of upstream's driver versions; tried in this order */
  driverArchives: z.array(driverArchive).min(1),
  /** driver versions that are commits of upstream's repository */
  driverCommits: driverCommitsSchema,
  /** default driver versions for submitted kernels; empty: the newest version that supports the kernel (newest-driver.ts) */
  submitted: z.array(z.string()),
  /** driver versions for which the registry answers 410 */
  revoked: z.array(z.string()),
  budgets: z.object({
    /** builds that start in a day, for all callers together; the maximum exists because one item contains all their claims */
    buildsPerDay: z.int().positive().max(5000),
    /** missing probes that one caller (an IPv4 address, an IPv6 /64) may request in a day */
    requestsPerCallerPerDay: z.int().positive().max(5000),
    /** how many of these may name kernels or drivers that do not exist; also limits simultaneous lookups */
    unknownPerCallerPerDay: z.int().positive().max(5000),
    /** refused submissions of one caller in a day (one with kernel headers counts as five), and how many are read at one time */
    refusedPerCallerPerDay: z.int().positive().max(5000),
    /** half of `buildsPerDay` is reserved for callers with fewer builds in a day than this */
    fewBuildsPerCaller: z.int().positive().max(5000),
    /** a network (an IPv4 /24, an IPv6 /48) has the limits of this many callers */
    callersPerNetwork: z.int().positive().max(256),
  }),
  /** addresses and networks of the operator's own proxies, and of no other hosts: their X-Forwarded-For is trusted */
  trustedProxies: z.array(
    z.string().refine(isCidr, 'is not an address or network, e.g. 192.0.2.1 or 2001:db8::/32'),
  ),
  /** path of the registry on its host: a proxy removes it from requests, and the registry adds it to redirects and links */
  prefix: z
    .string()
    .max(200)
    .regex(/^(?:\/[\w.~-]+)*$/, 'is not the beginning of a path, such as /probes, without a final slash'),
  hold: z.object({
    /** seconds for which the registry holds one request to /wait; an HTTP API ends requests after 30 */
    hopSeconds: z.number().positive().max(28),
    /** seconds for which the registry holds a client in all; falcoctl and curl give up after 60 */
    totalSeconds: z.number().positive().max(58),
    pollSeconds: z.number().positive(),
    /** requests of one caller, and of its network, that may wait at /wait at the same time */
    waitsPerCaller: z.int().positive().max(1000),
    waitsPerNetwork: z.int().positive().max(1000),
    /** the same for other held requests: /v1, submissions, and names from before May 2020 */
    othersPerCaller: z.int().positive().max(1000),
    othersPerNetwork: z.int().positive().max(1000),
  }),
  build: z.object({
    /** minutes after which CodeBuild ends a build */
    timeoutMinutes: z.int().min(5).max(60),
    /** builds and load tests that run at the same time; all others wait for their turn */
    atOnce: z.int().min(1).max(100),
    /** size of the largest accepted probe */
    maxProbeBytes: z.int().positive(),
    /** commands of the compilers in the suites of build roots, from which submitted kernels get one */
    compilers: z.array(z.string().regex(/^(gcc|clang)-\d+(\.\d+)?$/)).min(1),
    /** machines by architecture of the probe; if another, a cross compiler builds the probe, and an emulated machine loads it */
    machines: z.object({ x86_64: z.enum(ARCHES), aarch64: z.enum(ARCHES) }),
  }),
  loadTest: z.object({
    /**
     * Load tests happen only if the distribution has an image of the kernel. `required`: the test is before the publication, and
     * the registry never publishes a probe that fails. `recorded`: the test is after the publication, and the status document
     * contains the verdict. `off`: no tests.
     */
    mode: z.enum(['required', 'recorded', 'off']),
    /** seconds that the machine may run */
    maxSeconds: z.int().min(10).max(300),
  }),
  /** sizes and costs in the cloud. `npm start` sets higher limits (local/start/synthesize.ts), and needs no image */
  cloud: z.object({
    /** container images for builds. Their sh, curl, tar and coreutils prepare the build root */
    buildImages: z.object({ x86_64: buildImage, aarch64: buildImage }),
    computeType: z.enum(['BUILD_GENERAL1_SMALL', 'BUILD_GENERAL1_MEDIUM', 'BUILD_GENERAL1_LARGE']),
    /** limit for all clients together; the API answers further requests with 429 */
    requestsPerSecond: z.int().positive(),
    requestBurst: z.int().positive(),
    /**
     * executions reserved for waiting clients, so that waits cannot block hits. 0: none. Then four clients can wait at the same
     * time, because a new account has only ten executions
     */
    waitConcurrency: z.int().min(0),
    /** mail addresses for alarms. AWS asks each address once for consent. Anyone else can subscribe to the topic */
    alarmMails: z.array(z.email()),
    /** a function that downloads and verifies a known probe like a host; it exists only if `probe` is set */
    canary: z.object({
      /** path of a probe on the registry: /driver/... */
      probe: z
        .string()
        .max(1000)
        .regex(/^\/driver\/[!-"$->@-~]+\.k?o$/, {
          error:
            'is not the path of a probe, such as /driver/11.0.0+driver/x86_64/falco_amazonlinux2_5.10.245-241.976.amzn2.x86_64_1.ko',
        })
        .optional(),
      /** minutes between two runs. At least three, because a run waits up to two minutes for a missing probe */
      everyMinutes: z.int().min(3).max(60),
    }),
    /** place and method of the deployment. Functions do not get these settings, and the local registry ignores them */
    deployment: z.object({
      stackName,
      /** account and region default to those of the deploying credentials */
      account: matching(/^\d{12}$/, 'an account is twelve digits').optional(),
      region: region.optional(),
      /** regions where CodeBuild has ARM machines */
      armRegions: z.array(region),
      /** tags of the stack, which CloudFormation copies to its resources */
      tags,
      /** name or ARN of a policy that limits all roles */
      permissionsBoundary: matching(
        /^(?:arn:aws:iam::\d{12}:policy\/)?[A-Za-z0-9+=,.@_/-]{1,512}$/,
        "is neither a policy's name nor its ARN, arn:aws:iam::ACCOUNT:policy/NAME",
      ).optional(),
      rollout: z.enum(ROLLOUTS),
      domain: domain.optional(),
      /** ARN of the KMS key that encrypts the secret of the signing key; default: the account's key of Secrets Manager */
      secretKeyArn: kmsKeyArn.optional(),
      /** other regions with a copy of that secret, each with the KMS key in that region */
      secretReplicas: z.array(z.object({ region, keyArn: kmsKeyArn.optional() })),
    }),
    edge,
  }),
})
/** Settings for all targets; lib/kernels/settings.ts adds those of each target. */
export type Settings = z.infer<typeof baseSettings>
export type DriverVersions = Settings['drivers'][number]

const PACKAGED = {
  names: ['scap'],
  recipe: 'makefile',
  source: { from: 'package', package: 'falcosecurity-scap-dkms' },
} as const satisfies Partial<z.input<typeof driverVersions>>

/**
 * Regions with ARM_CONTAINER in CodeBuild's documentation of November 2026, which may be incomplete.
 * https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Fleet.html (environmentType)
 */
const ARM_REGIONS = [
  ...['us-east-1', 'us-east-2', 'us-west-2', 'sa-east-1', 'eu-west-1', 'eu-central-1'],
  ...['ap-south-1', 'ap-northeast-1', 'ap-southeast-1', 'ap-southeast-2'],
] as const

export const BASE_DEFAULTS: Settings = {
  drivers: [
    // 9.1.0 is the last version with the legacy eBPF probe.
    {
      match: '[2-8]\\.\\d+\\.\\d+\\+driver|9\\.[01]\\.\\d+\\+driver',
      about: '2.0.0+driver to 9.1.x+driver',
      names: ['falco', 'scap'],
      kinds: ['kmod', 'ebpf'],
      recipe: 'libs',
      source: { from: 'archive' },
    },
    {
      match: '(9|\\d\\d)\\.\\d+\\.\\d+\\+driver',
      about: '9.2.0+driver and newer (kmod only)',
      names: ['falco', 'scap'],
      kinds: ['kmod'],
      recipe: 'libs',
      source: { from: 'archive' },
    },
    // Any other version (upstream_version in Debian Policy, 5.6.12) is searched in the lists of the archive. These are versions of
    // libs, which has no legacy eBPF probe since 0.24.0.
    {
      match: '0\\.(?:1?\\d|2[0-3])(?!\\d)[A-Za-z0-9.+~]*(?<!\\+driver)',
      about: "packages of the archive's suites up to 0.23.x",
      ...PACKAGED,
      kinds: ['kmod', 'ebpf'],
    },
    {
      match: '\\d[A-Za-z0-9.+~]*(?<!\\+driver)',
      about: "packages of the archive's suites from 0.24.0 on (kmod only)",
      ...PACKAGED,
      kinds: ['kmod'],
    },
  ],
  driverArchives: ['https://github.com/falcosecurity/libs/archive/refs/tags/{driverVersion}.tar.gz'],
  driverCommits: DRIVER_COMMITS,
  submitted: [],
  revoked: [],
  budgets: {
    buildsPerDay: 500,
    requestsPerCallerPerDay: 100,
    unknownPerCallerPerDay: 16,
    refusedPerCallerPerDay: 100,
    fewBuildsPerCaller: 5,
    callersPerNetwork: 4,
  },
  trustedProxies: [],
  prefix: '',
  hold: {
    hopSeconds: 22,
    totalSeconds: 50,
    pollSeconds: 0.5,
    waitsPerCaller: 240,
    waitsPerNetwork: 320,
    othersPerCaller: 20,
    othersPerNetwork: 40,
  },
  build: {
    timeoutMinutes: 10,
    atOnce: 10,
    maxProbeBytes: 32 * 1024 * 1024,
    compilers: [
      ...['gcc-9', 'gcc-10', 'gcc-11', 'gcc-12', 'gcc-13', 'gcc-14', 'gcc-15', 'gcc-16'],
      ...['clang-9', 'clang-11', 'clang-13', 'clang-14', 'clang-15', 'clang-16', 'clang-17', 'clang-18'],
      ...['clang-19', 'clang-21', 'clang-22', 'clang-23'],
    ],
    machines: { x86_64: 'x86_64', aarch64: 'aarch64' },
  },
  loadTest: { mode: 'recorded', maxSeconds: 60 },
  cloud: {
    // CodeBuild's machines already have these images, so a build starts fast:
    // https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html
    buildImages: {
      x86_64: 'aws/codebuild/amazonlinux-x86_64-standard:5.0',
      aarch64: 'aws/codebuild/amazonlinux-aarch64-standard:3.0',
    },
    computeType: 'BUILD_GENERAL1_MEDIUM',
    requestsPerSecond: 500,
    requestBurst: 1000,
    waitConcurrency: 0,
    alarmMails: [],
    canary: { everyMinutes: 5 },
    deployment: {
      ...{ stackName: 'ProbeRegistry', tags: {}, armRegions: [...ARM_REGIONS], secretReplicas: [] },
      // Alarms have periods of five minutes. Ten minutes always contain one complete period.
      rollout: 'canary-10-percent-10-minutes',
    },
    edge: {
      // A caller that uses all of its waits sends about 3300 requests in five minutes. The API's stage accepts 150,000.
      requestsPerAddress: 6000,
      submissionsPerAddress: 300,
      names: [],
      direct: 'refused',
      secret: 1,
    },
  },
}
