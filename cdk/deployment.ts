// Where the stack is deployed to, and as what: the operator's settings, as the CDK takes them.

import { PermissionsBoundary, type StackProps } from 'aws-cdk-lib'
import { RegionInfo } from 'aws-cdk-lib/region-info'
import { ARCHES } from '../lib/model/probe.ts'
import type { Settings } from '../lib/model/settings.ts'

type Deployment = Settings['cloud']['deployment']

/**
 * For one machine: it has no account, and no name but the one that its data is called by. Copies of the key's secret stay in
 * the template, so that they are told among what does nothing there.
 */
export const onOneMachine = ({ secretReplicas }: Deployment): Deployment => ({
  ...{ stackName: 'ProbeRegistry', tags: {}, armRegions: [] },
  rollout: 'canary-10-percent-10-minutes',
  secretReplicas: secretReplicas.map(({ region }) => ({ region })),
})

/**
 * What keeps the stack from being deployed into that region, in words for whoever wrote the settings. Undefined: it is not
 * known where it goes, and CloudFormation will tell.
 */
export function outOfPlace({ build, cloud }: Settings, region: string | undefined): string[] {
  const replicas = misplacedReplicas(cloud.deployment, region)
  if (region === undefined) return replicas
  const { armRegions, domain, secretKeyArn } = cloud.deployment
  const { partition = 'aws' } = RegionInfo.get(region)
  const onArm = ARCHES.filter((arch) => build.machines[arch] === 'aarch64')
  return [
    ...(partition === 'aws'
      ? []
      : [
          `${region} is in the partition ${partition}, where hosts or ARNs have other names than the ones that this registry writes and signs: deploy it into a region of the partition aws`,
        ]),
    ...(onArm.length === 0 || armRegions.includes(region)
      ? []
      : [
          `CodeBuild has no machines of ARM in ${region}, as far as cloud.deployment.armRegions knows, and builds for ${onArm.join(' and ')} run on those: say {"build": {"machines": {"x86_64": "x86_64", "aarch64": "x86_64"}}}, take one of ${armRegions.join(', ')}, or add ${region} to that list if CodeBuild has them there by now`,
        ]),
    ...elsewhere('domain.certificateArn', domain?.certificateArn, region, 'an HTTP API takes a certificate'),
    ...elsewhere('secretKeyArn', secretKeyArn, region, 'a secret takes a KMS key'),
    ...replicas,
  ]
}

/** `region`: of the stack, as far as it is known. Secrets Manager tells the same, but only once the stack is made. */
function misplacedReplicas({ secretReplicas, secretKeyArn }: Deployment, region?: string): string[] {
  const regions = secretReplicas.map((replica) => replica.region)
  return secretReplicas.flatMap((replica, i) => {
    const at = `cloud.deployment.secretReplicas.${i}`
    const { partition } = RegionInfo.get(replica.region)
    const keyIn = regionOf(replica.keyArn)
    return [
      ...(partition === 'aws' ? [] : [`${at}.region: ${replica.region} is no region of the partition aws`]),
      ...(replica.region === region
        ? [`${at}.region: ${region} is the stack's own, and lost with it: name another one`]
        : []),
      ...(regions.indexOf(replica.region) === i ? [] : [`${at}.region: ${replica.region} is named twice`]),
      ...(keyIn === undefined || keyIn === replica.region
        ? []
        : [
            `${at}.keyArn is in ${keyIn}, and the copy in ${replica.region}: a KMS key is of one region alone`,
          ]),
      ...(secretKeyArn === undefined || keyIn !== undefined
        ? []
        : [
            `${at}.keyArn: the secret has a KMS key of its own (secretKeyArn), and its copy needs one, too: name a key of ${replica.region}`,
          ]),
    ]
  })
}

/** `arn:aws:SERVICE:REGION:...`: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
const regionOf = (arn: string | undefined): string | undefined => arn?.split(':')[3]

function elsewhere(setting: string, arn: string | undefined, region: string, rule: string): string[] {
  const found = regionOf(arn) ?? region
  if (found === region) return []
  return [
    `cloud.deployment.${setting} is in ${found}, and the stack goes to ${region}: ${rule} of its own region alone`,
  ]
}

export const stackProps = ({
  stackName,
  account,
  region,
  tags,
  permissionsBoundary,
}: Deployment): StackProps => ({
  stackName,
  tags,
  env: {
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
  },
  ...(permissionsBoundary === undefined ? {} : { permissionsBoundary: boundaryOf(permissionsBoundary) }),
})

const boundaryOf = (policy: string): PermissionsBoundary =>
  policy.startsWith('arn:') ? PermissionsBoundary.fromArn(policy) : PermissionsBoundary.fromName(policy)
