// Makes a cloud assembly from settings and sources: bundles functions, fills the two stacks, and runs policy checks.

import { App, Stack } from 'aws-cdk-lib'
import { bundleFunctions } from './bundle.ts'
import { addData } from './data.ts'
import { onOneMachine, stackProps } from './deployment.ts'
import { readSettings } from './settings.ts'
import { addRegistry } from './stack.ts'
import { strictly } from './strict.ts'

/** Names of the stacks' files in the assembly, whatever their deployed names are. */
export const STACK = 'ProbeRegistry'
export const DATA_STACK = 'ProbeRegistryData'

interface SynthesisOptions {
  /** folder for the cloud assembly: a template for each stack, and the assets */
  readonly outdir: string
  /** folder for the bundled functions, which get a folder each */
  readonly bundles: string
  /** JSON over the defaults of lib/kernels/settings.ts; default: the file that the context value `settings` names */
  readonly settingsFile?: string
  /** allows driver sources and mirrors that only this machine can reach, and skips the policy checks */
  readonly local: boolean
  /** region of the deploying credentials, if known; only checks use it, and the template does not depend on it */
  readonly region?: string
}

/** In the code and not in cdk.json, so that the template is the same without the CLI. */
export const FLAGS = {
  // Otherwise the hash of a version includes reserved concurrency, but Lambda refuses two versions with the same code and settings.
  '@aws-cdk/aws-lambda:recognizeVersionProps': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:validateAgainstDefaultRules': true,
  // Uses exports, which cannot be removed while they are in use (data.ts).
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
}

/** Throws on invalid settings, and on findings and warnings of the checks. */
export function synthesize({ outdir, bundles, settingsFile, local, region }: SynthesisOptions): void {
  const app = new App({
    outdir,
    context: FLAGS,
    analyticsReporting: false,
    builtinCloudFormationValidation: !local,
  })
  const fromContext: unknown = app.node.tryGetContext('settings')
  const file = settingsFile ?? (typeof fromContext === 'string' ? fromContext : undefined)
  const { cloud, ...others } = readSettings(file, { local, region })
  const deployment = local ? onOneMachine(cloud.deployment) : cloud.deployment
  const settings = { ...others, cloud: { ...cloud, deployment } }
  // False until the first deployment has succeeded: a protected stack could not be deleted for a second try
  // (first-deploy.sh).
  const isProtected = app.node.tryGetContext('protect') !== 'no'
  const work = new Stack(app, STACK, {
    ...stackProps(deployment),
    description: "The registry of Falco's kernel probes that builds what is missing.",
  })
  const store = new Stack(app, DATA_STACK, {
    ...stackProps({ ...deployment, stackName: `${deployment.stackName}Data` }),
    description: "What the registry of Falco's kernel probes keeps: its index, its probes, its key.",
    terminationProtection: isProtected,
  })
  bundleFunctions(bundles)
  const data = addData(store, settings, isProtected)
  addRegistry(work, settings, { data, bundles })
  strictly(app, { isChecked: !local })
}
