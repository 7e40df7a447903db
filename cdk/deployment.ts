// Where the stack is deployed to, and as what: the operator's settings, as the CDK takes them.

import { PermissionsBoundary, type StackProps } from 'aws-cdk-lib'
import type { Settings } from '../lib/model/settings.ts'

type Deployment = Settings['cloud']['deployment']

/** For one machine: it has no account, and no name but the one that its data is called by. */
export const ON_ONE_MACHINE: Deployment = { stackName: 'ProbeRegistry', tags: {} }

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
