// Converts the operator's deployment settings to the CDK's, and checks them against the region.

import { DefaultStackSynthesizer, PermissionsBoundary, type StackProps } from 'aws-cdk-lib'
import { RegionInfo } from 'aws-cdk-lib/region-info'
import { ARCHES } from '../lib/model/probe.ts'
import type { Settings } from '../lib/model/settings.ts'

type Deployment = Settings['cloud']['deployment']

/**
 * The settings for the local registry, which has no account and a fixed name. Keeps the copies of the key's secret in the
 * template, so that the start can report that they have no effect.
 */
export const onOneMachine = ({ secretReplicas }: Deployment): Deployment => ({
  ...{ stackName: 'ProbeRegistry', tags: {}, armRegions: [] },
  rollout: 'canary-10-percent-10-minutes',
  secretReplicas: secretReplicas.map(({ region }) => ({ region })),
})

/**
 * Human-readable reasons against a deployment into that region. `undefined`: the region is unknown, so only the copies of the
 * secret are checked, and CloudFormation checks the rest.
 */
export function outOfPlace({ build, cloud }: Settings, region: string | undefined): string[] {
  const replicas = misplacedReplicas(cloud.deployment, region)
  if (region === undefined) return replicas
  const { armRegions, domain, secretKeyArn } = cloud.deployment
  const { partition = 'aws' } = RegionInfo.get(region)
  const onArm = ARCHES.filter((arch) => build.machines[arch] === 'aarch64')
  const checks = wrong(
    [
      partition !== 'aws',
      `${region} is in the partition ${partition}, whose hosts and ARNs have other names than this registry writes and signs: deploy it into a region of the partition aws`,
    ],
    [
      onArm.length > 0 && !armRegions.includes(region),
      `CodeBuild has no ARM machines in ${region}, according to cloud.deployment.armRegions, and builds for ${onArm.join(' and ')} run on those: set {"build": {"machines": {"x86_64": "x86_64", "aarch64": "x86_64"}}}, take one of ${armRegions.join(', ')}, or add ${region} to that list if CodeBuild has them there now`,
    ],
    elsewhere('domain.certificateArn', domain?.certificateArn, region, 'an HTTP API takes a certificate'),
    elsewhere('secretKeyArn', secretKeyArn, region, 'a secret takes a KMS key'),
  )
  return [...checks, ...replicas]
}

/** `region`: the stack's, if known. Secrets Manager checks the same facts, but only in the middle of a deployment. */
function misplacedReplicas({ secretReplicas, secretKeyArn }: Deployment, region?: string): string[] {
  const regions = secretReplicas.map((replica) => replica.region)
  return secretReplicas.flatMap((replica, i) => {
    const at = `cloud.deployment.secretReplicas.${i}`
    const { partition } = RegionInfo.get(replica.region)
    const keyIn = regionOf(replica.keyArn)
    return wrong(
      [partition !== 'aws', `${at}.region: ${replica.region} is not a region of the partition aws`],
      [
        replica.region === region,
        `${at}.region: ${region} is the stack's own, and is lost with it: name another one`,
      ],
      [regions.indexOf(replica.region) !== i, `${at}.region: ${replica.region} is named twice`],
      [
        keyIn !== undefined && keyIn !== replica.region,
        `${at}.keyArn is in ${keyIn}, and the copy in ${replica.region}: a KMS key works in its own region only`,
      ],
      [
        secretKeyArn !== undefined && keyIn === undefined,
        `${at}.keyArn: the secret has a KMS key of its own (secretKeyArn), and its copy needs one, too: name a key in ${replica.region}`,
      ],
    )
  })
}

type Check = readonly [isWrong: boolean, message: string]

/** Returns the messages whose condition is true. */
const wrong = (...checks: readonly Check[]): string[] =>
  checks.flatMap(([isWrong, message]) => (isWrong ? [message] : []))

/** Format: `arn:aws:SERVICE:REGION:...`, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
const regionOf = (arn: string | undefined): string | undefined => arn?.split(':')[3]

function elsewhere(setting: string, arn: string | undefined, region: string, rule: string): Check {
  const found = regionOf(arn) ?? region
  return [
    found !== region,
    `cloud.deployment.${setting} is in ${found}, and the stack goes to ${region}: ${rule} of its own region only`,
  ]
}

export function stackProps(deployment: Deployment): StackProps {
  const { stackName, tags, account, region, permissionsBoundary: policy } = deployment
  return {
    ...{ stackName, tags, env: { account, region } },
    permissionsBoundary: policy === undefined ? undefined : boundaryOf(policy),
    // Omits the parameter of the bootstrap version, which the CLI checks.
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  }
}

const boundaryOf = (policy: string): PermissionsBoundary =>
  policy.startsWith('arn:') ? PermissionsBoundary.fromArn(policy) : PermissionsBoundary.fromName(policy)
