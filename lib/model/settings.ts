// What an operator may set, whatever is built, typed, with its default. cdk/ writes it into each function's environment.

import * as z from 'zod'
import { isCidr } from './caller.ts'
import { sha256Hex } from './digest.ts'
import { driverArchive } from './driver-archives.ts'
import { DRIVER_COMMITS, driverCommitsSchema } from './driver-commits.ts'
import { ARCHES, DRIVER_NAMES, KINDS, RECIPES } from './probe.ts'

const driverSource = z.discriminatedUnion('from', [
  /** a package of driver sources with a ready-made Makefile; its digest comes from the signed lists of `driverPackages` */
  z.object({ from: z.literal('package'), package: z.string() }),
  /**
   * a .tar.gz; `{driverVersion}` in the URL is filled in. No URL: it is looked for where `driverArchives` says. No digest:
   * it is recorded at first use
   */
  z.object({
    from: z.literal('archive'),
    url: z.string().optional(),
    sha256: sha256Hex.optional(),
  }),
  /** a folder of driver sources on the planning machine: for one machine only, never in the cloud */
  z.object({ from: z.literal('directory'), path: z.string() }),
])

const driverVersions = z.object({
  /** anchored regular expression of the driver versions that this entry serves */
  match: z.string(),
  /** the same for a person: what a client that asks for another version is told */
  about: z.string(),
  names: z.array(z.enum(DRIVER_NAMES)),
  kinds: z.array(z.enum(KINDS)),
  recipe: z.enum(RECIPES),
  source: driverSource,
  /** what is known to fail of upstream's sources (support.ts): `refused`, unless these are others and it is to be `tried` */
  knownFailures: z.enum(['refused', 'tried']).optional(),
})

/**
 * CodeBuild's own by its name: who may change it runs the machine as well. Any other by its digest: what a tag means
 * changes with whoever may push it.
 */
const buildImage = z
  .string()
  .regex(/^(?:aws\/codebuild\/[a-z0-9_-]+:[0-9.]+|[a-z0-9][a-z0-9.:/_-]*@sha256:[0-9a-f]{64})$/, {
    error:
      "an image is one of CodeBuild's own (aws/codebuild/NAME:VERSION), or named by its digest, NAME@sha256:...; `docker buildx imagetools inspect NAME:TAG` reads it",
  })

const region = z.string().regex(/^[a-z]{2,}(?:-[a-z]+)+-\d$/, { error: 'is no region, such as eu-central-1' })

/** Of which CloudFormation makes the names of all else: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack-parameters.html */
const stackName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/, {
  error: 'the name of a stack is letters, digits and hyphens, at most 100, and begins with a letter',
})

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html */
const tags = z.record(
  z.string().regex(/^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/u, {
    error:
      "a tag's key has 1 to 128 letters, digits, spaces or _ . : / = + @ -, and does not begin with aws:",
  }),
  z.string().regex(/^[\p{L}\p{Z}\p{N}_.:/=+@-]{0,256}$/u, {
    error: "a tag's value has at most 256 letters, digits, spaces or _ . : / = + @ -",
  }),
)

const kmsKeyArn = z.string().regex(/^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/, {
  error: "is no key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID",
})

/**
 * How requests and events move to a deployment's new version of a function: `all-at-once` by CloudFormation alone, whatever
 * alarms ring; the others by CodeDeploy, and back where the function's alarms ring meanwhile.
 */
const ROLLOUTS = [
  'all-at-once',
  'canary-10-percent-5-minutes',
  'canary-10-percent-10-minutes',
  'canary-10-percent-30-minutes',
  'linear-10-percent-every-1-minute',
] as const
export type Rollout = (typeof ROLLOUTS)[number]

/** A name of one's own for the HTTP API, and the certificate for it, which lies in the region of the stack. */
const domain = z.object({
  name: z.string().regex(/^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, {
    error: 'is no name of a host in small letters, such as probes.example.org',
  }),
  certificateArn: z.string().regex(/^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[A-Za-z0-9-]+$/, {
    error: "is no certificate's ARN, arn:aws:acm:REGION:ACCOUNT:certificate/ID",
  }),
})

/** ARN of something global, which AWS keeps in us-east-1 whatever the region of the rest. */
const inUsEast1 = (resource: RegExp, hint: string) =>
  z.string().regex(new RegExp(`^arn:aws:${resource.source}$`), { error: hint })

/**
 * CloudFront before the API, with a firewall (AWS WAF) that bounds what one address may ask. Nothing of it is there unless
 * `webAcl` names the firewall.
 */
const edge = z
  .object({
    /** the firewall: a web ACL of scope CLOUDFRONT, made by `npm run deploy:firewall`, or the operator's own */
    webAcl: inUsEast1(
      /wafv2:us-east-1:\d{12}:global\/webacl\/[\w-]+\/[0-9a-f-]+/,
      'is no ARN of a web ACL for CloudFront, arn:aws:wafv2:us-east-1:...:global/webacl/...: `npm run deploy:firewall` makes one and prints it',
    ).optional(),
    /** requests of one address in five minutes; the firewall answers 429 to what is above */
    requestsPerAddress: z.int().min(10).max(2_000_000_000),
    /** of those, what posts something; each may cost an unpacking */
    submissionsPerAddress: z.int().min(10).max(2_000_000_000),
    /** host names by which hosts ask, beside the distribution's own */
    names: z.array(z.string().regex(/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'is no host name')).max(20),
    /** the certificate of those names */
    certificate: inUsEast1(
      /acm:us-east-1:\d{12}:certificate\/[\w-]+/,
      'is no ARN of a certificate in us-east-1, where CloudFront wants it: arn:aws:acm:us-east-1:...:certificate/...',
    ).optional(),
    /** what becomes of requests that come to the API past the distribution; `answered` only until every host asks there */
    direct: z.enum(['refused', 'answered']),
    /** the distribution's own id, once it is there: what is published is served by it, and kept by its caches */
    distribution: z
      .string()
      .regex(/^E[A-Z0-9]{8,20}$/, 'is no id of a distribution: the output DistributionId of the stack has it')
      .optional(),
    /** which secret the distribution proves itself with: one higher makes another, and the one before it still counts */
    secret: z.int().min(1),
  })
  .refine(({ names, certificate }) => names.length > 0 === (certificate !== undefined), {
    path: ['certificate'],
    error: 'names and their certificate go together: set both or neither',
  })
  .refine(({ distribution, webAcl }) => distribution === undefined || webAcl !== undefined, {
    path: ['distribution'],
    error: 'there is none without a webAcl',
  })
  .refine(({ distribution, direct }) => distribution === undefined || direct === 'refused', {
    path: ['distribution'],
    error:
      'who asks the API directly would be sent to paths that it does not have: let direct be refused first',
  })
export type EdgeSettings = z.infer<typeof edge>

export const baseSettings = z.object({
  /** the first entry that matches a driver version serves it */
  drivers: z.array(driverVersions),
  /** where archives of upstream's driver versions are looked for, in this order: mirrors, folders, files */
  driverArchives: z.array(driverArchive).min(1),
  /** driver versions that are commits of upstream's repository */
  driverCommits: driverCommitsSchema,
  /**
   * driver versions that a submitted kernel gets probes of, unless it asks for others; none: the newest that is known and
   * supports it (newest-driver.ts)
   */
  submitted: z.array(z.string()),
  /** driver versions that are answered with 410 */
  revoked: z.array(z.string()),
  budgets: z.object({
    /** builds started a day, by everyone together; one item of the table holds all of their claims */
    buildsPerDay: z.int().positive().max(5000),
    /** missing probes that one caller (an IPv4 address, an IPv6 /64) may ask for a day */
    requestsPerCallerPerDay: z.int().positive().max(5000),
    /** of those, how many may turn out to be of no kernel or driver that exists; as many may be looked up at once */
    unknownPerCallerPerDay: z.int().positive().max(5000),
    /**
     * submissions that one caller may send a day that are read and refused, one with kernel headers counting as five; as
     * many may be read at once
     */
    refusedPerCallerPerDay: z.int().positive().max(5000),
    /** builds a day that are few: half of `buildsPerDay` is kept for callers that had fewer */
    fewBuildsPerCaller: z.int().positive().max(5000),
    /** a network of callers (an IPv4 /24, an IPv6 /48) may spend in all what so many callers may */
    callersPerNetwork: z.int().positive().max(256),
  }),
  /**
   * Addresses and networks of the operator's own proxies: behind those the caller is whom the last of them forwards
   * (X-Forwarded-For). Nobody else may be in them, since what they forward is believed.
   */
  trustedProxies: z.array(
    z.string().refine(isCidr, 'is no address or network, e.g. 192.0.2.1 or 2001:db8::/32'),
  ),
  /**
   * path below which hosts ask, where whoever stands before the registry takes it away: what leads on to the same host
   * begins with it. `/probes`, or nothing
   */
  prefix: z
    .string()
    .max(200)
    .regex(/^(?:\/[\w.~-]+)*$/, 'is no beginning of a path, such as /probes, without a slash at its end'),
  hold: z.object({
    /** seconds that one request to /wait is held: an HTTP API gives up at 30 */
    hopSeconds: z.number().positive().max(28),
    /** seconds that a client is held in all: falcoctl and curl give up at 60 */
    totalSeconds: z.number().positive().max(58),
    pollSeconds: z.number().positive(),
    /** requests of one caller, and of its network, that wait for a build at /wait at one time */
    waitsPerCaller: z.int().positive().max(1000),
    waitsPerNetwork: z.int().positive().max(1000),
    /** the same of each other place where a request is held: /v1, submissions, and names from before May 2020 */
    othersPerCaller: z.int().positive().max(1000),
    othersPerNetwork: z.int().positive().max(1000),
  }),
  build: z.object({
    /** minutes after which CodeBuild ends a build */
    timeoutMinutes: z.int().min(5).max(60),
    /** builds and load tests that run at one time; the others wait for their turn */
    atOnce: z.int().min(1).max(100),
    /** bytes of a probe at most */
    maxProbeBytes: z.int().positive(),
    /**
     * command names of the compilers that the suites of build roots have, for submitted kernels, whose config says which
     * one built them
     */
    compilers: z.array(z.string().regex(/^(gcc|clang)-\d+(\.\d+)?$/)).min(1),
    /**
     * of the machines that builds and load tests of each architecture run on: those of another one are built by a cross
     * compiler, and loaded in an emulated machine
     */
    machines: z.object({ x86_64: z.enum(ARCHES), aarch64: z.enum(ARCHES) }),
  }),
  loadTest: z.object({
    /**
     * Whether each probe's own kernel loads it in a virtual machine, where the distribution has an image of that kernel.
     * `required`: before it is published, and a probe that fails never is. `recorded`: once it is published, and the
     * verdict is told beside it. `off`: never.
     */
    mode: z.enum(['required', 'recorded', 'off']),
    /** seconds that the machine may run */
    maxSeconds: z.int().min(10).max(300),
  }),
  /** what is paid for in the cloud; `npm start` has more of it (local/start/synthesize.ts), and needs no image */
  cloud: z.object({
    /** container image of the builds, of which sh, curl, tar and coreutils are used to enter a build root */
    buildImages: z.object({ x86_64: buildImage, aarch64: buildImage }),
    computeType: z.enum(['BUILD_GENERAL1_SMALL', 'BUILD_GENERAL1_MEDIUM', 'BUILD_GENERAL1_LARGE']),
    /** of all clients together; above it the API answers 429 */
    requestsPerSecond: z.int().positive(),
    requestBurst: z.int().positive(),
    /**
     * executions kept for, and at most used by, clients that wait, so that they never starve hits; 0 keeps none: then four
     * wait at one time, since a new account has ten executions for everything
     */
    waitConcurrency: z.int().min(0),
    /** who is told of alarms, by mail: AWS asks each once whether they want it; others subscribe to the topic themselves */
    alarmMails: z.array(z.email()),
    /** A function that asks for a known probe as a host does, and verifies it. None is there unless it names a probe. */
    canary: z.object({
      /** path of a probe below the registry's address, as hosts ask: /driver/... */
      probe: z
        .string()
        .max(1000)
        .regex(/^\/driver\/[!-"$->@-~]+\.k?o$/, {
          error:
            'is no path of a probe, such as /driver/11.0.0+driver/x86_64/falco_amazonlinux2_5.10.245-241.976.amzn2.x86_64_1.ko',
        })
        .optional(),
      /** a probe that is missing is waited for up to two minutes */
      everyMinutes: z.int().min(3).max(60),
    }),
    /** where the stack is deployed to, and as what; no function is told, and one machine has none of it */
    deployment: z.object({
      stackName,
      /** without them: those of the credentials that deploy */
      account: z
        .string()
        .regex(/^\d{12}$/, { error: 'an account is twelve digits' })
        .optional(),
      region: region.optional(),
      /** where CodeBuild has machines of ARM */
      armRegions: z.array(region),
      /** of the stack, which CloudFormation hands on to all of its resources */
      tags,
      /** a policy that bounds what every role may do, by its name in the account or by its ARN */
      permissionsBoundary: z
        .string()
        .regex(/^(?:arn:aws:iam::\d{12}:policy\/)?[A-Za-z0-9+=,.@_/-]{1,512}$/, {
          error: "is neither a policy's name nor its ARN, arn:aws:iam::ACCOUNT:policy/NAME",
        })
        .optional(),
      rollout: z.enum(ROLLOUTS),
      domain: domain.optional(),
      /** ARN of the KMS key that encrypts the secret of the signing key; else Secrets Manager's own of the account does */
      secretKeyArn: kmsKeyArn.optional(),
      /** other regions that have a copy of that secret, each with the KMS key there that encrypts it */
      secretReplicas: z.array(z.object({ region, keyArn: kmsKeyArn.optional() })),
    }),
    edge,
  }),
})
/** What every function is told; lib/kernels/settings.ts has the rest. */
export type Settings = z.infer<typeof baseSettings>
export type DriverVersions = Settings['drivers'][number]

const PACKAGED = {
  names: ['scap'],
  recipe: 'makefile',
  source: { from: 'package', package: 'falcosecurity-scap-dkms' },
} as const satisfies Partial<z.input<typeof driverVersions>>

/**
 * Where AWS says that CodeBuild has ARM_CONTAINER, as read in November 2026; it adds regions before it says so there.
 * https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Fleet.html (environmentType)
 */
const ARM_REGIONS = [
  ...['us-east-1', 'us-east-2', 'us-west-2', 'sa-east-1', 'eu-west-1', 'eu-central-1'],
  ...['ap-south-1', 'ap-northeast-1', 'ap-southeast-1', 'ap-southeast-2'],
] as const

export const BASE_DEFAULTS: Settings = {
  drivers: [
    // The legacy eBPF probe left the sources after 9.1.0.
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
    // Any other version is looked up in the lists of the archive: an upstream version, Debian Policy, 5.6.12. Those are
    // the versions of libs, which holds no legacy eBPF probe since 0.24.0.
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
    // They lie on CodeBuild's machines: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html
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
      // The alarms look at five minutes: two of them, so that one is whole.
      rollout: 'canary-10-percent-10-minutes',
    },
    edge: {
      // A caller that holds all it may at /wait asks some 3300 times in that time; the stage takes 150,000.
      requestsPerAddress: 6000,
      submissionsPerAddress: 300,
      names: [],
      direct: 'refused',
      secret: 1,
    },
  },
}
