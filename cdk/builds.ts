// Makes the CodeBuild projects of builds and load tests, one for each architecture. Their role has no policy: a build has no
// useful credentials, and stores its results by presigned URLs.

import type { Stack } from 'aws-cdk-lib'
import { CfnProject } from 'aws-cdk-lib/aws-codebuild'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { ENV } from '../lib/aws/resources.ts'
import type { Arch } from '../lib/model/probe.ts'
import type { Settings } from '../lib/model/settings.ts'
import { inlineBuildspec, loadTestBuildspec } from './buildspec.ts'
import { granting } from './grants.ts'
import { acknowledge } from './nag.ts'

/** Environment types by the architecture of the machine. */
const TYPES: Readonly<Record<Arch, string>> = { x86_64: 'LINUX_CONTAINER', aarch64: 'ARM_CONTAINER' }

export type Projects = readonly CfnProject[]

export function addBuilds(stack: Stack, settings: Settings) {
  const role = new Role(stack, 'BuildRole', {
    assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
    description: 'May do nothing: builds read and write by presigned URLs',
  })
  const [probe, load] = [inlineBuildspec(), loadTestBuildspec()]
  const specs: ProjectSpec[] = [
    { id: 'BuildX8664', arch: 'x86_64', buildSpec: probe, variable: ENV.projectX86_64 },
    { id: 'BuildAarch64', arch: 'aarch64', buildSpec: probe, variable: ENV.projectAarch64 },
    { id: 'LoadTestX8664', arch: 'x86_64', buildSpec: load, variable: ENV.loadTestX86_64 },
    { id: 'LoadTestAarch64', arch: 'aarch64', buildSpec: load, variable: ENV.loadTestAarch64 },
  ]
  const projects: Projects = specs.map((spec) => project(role, settings, spec))
  const resources = projects.map(({ attrArn }) => attrArn)
  const builds = granting(Object.fromEntries(specs.map(({ variable }, i) => [variable, projects[i]!.ref])), {
    start: { actions: ['codebuild:StartBuild'], resources },
    follow: { actions: ['codebuild:BatchGetBuilds'], resources },
    stop: { actions: ['codebuild:StopBuild'], resources },
  })
  return { builds, projects }
}

/** `arch`: of the probes; the settings decide that of the machine. `variable`: contains the name of the project. */
type ProjectSpec = Readonly<Record<'id' | 'buildSpec' | 'variable', string>> & { readonly arch: Arch }

function project(role: Role, { build, cloud }: Settings, { id, arch, buildSpec }: ProjectSpec): CfnProject {
  const machine = build.machines[arch]
  const image = cloud.buildImages[machine]
  const project = new CfnProject(role.stack, id, {
    serviceRole: role.roleArn,
    source: { type: 'NO_SOURCE', buildSpec },
    artifacts: { type: 'NO_ARTIFACTS' },
    environment: {
      type: TYPES[machine],
      computeType: cloud.computeType,
      image,
      // CodeBuild pulls its own images. The role pulls public ones, which needs no permission.
      imagePullCredentialsType: image.startsWith('aws/codebuild/') ? 'CODEBUILD' : 'SERVICE_ROLE',
      privilegedMode: true,
    },
    // A build stores its log as one of its outputs. CodeBuild's own logs would need a permission.
    logsConfig: { cloudWatchLogs: { status: 'DISABLED' }, s3Logs: { status: 'DISABLED' } },
    cache: { type: 'NO_CACHE' },
    timeoutInMinutes: build.timeoutMinutes,
    // The deadline of a claim includes this time: lib/plan/plan.ts.
    queuedTimeoutInMinutes: 5,
  })
  acknowledge(project, {
    CB4: 'There is no artifact and no cache to encrypt: the project writes nothing itself.',
    CB3: 'Compilers run in bubblewrap without network, which needs namespaces that only a privileged container may make; each build has a machine of its own and a role that may do nothing.',
  })
  return project
}
