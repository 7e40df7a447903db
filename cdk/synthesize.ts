// Makes a cloud assembly from settings and sources: bundles functions, fills the two stacks, and runs policy checks.

import { App, DefaultStackSynthesizer, Stack, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import type { AllSettings } from '../lib/kernels/settings.ts'
import { bundleFunctions } from './bundle.ts'
import { addData } from './data.ts'
import { onOneMachine, stackProps } from './deployment.ts'
import { type ReadOptions, readSettings } from './settings.ts'
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
  readonly settingsFile?: string | undefined
  /** allows driver sources and mirrors that only this machine can reach, and skips the policy checks */
  readonly local: boolean
  /** region of the deploying credentials, if known; only checks use it, and the template does not depend on it */
  readonly region?: string | undefined
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
  const settings = settingsOf(file, { local, region })
  const { deployment } = settings.cloud
  const work = new Stack(app, STACK, {
    ...stackProps(deployment),
    description: "The registry of Falco's kernel probes that builds what is missing.",
    synthesizer: synthesizer(),
  })
  const store = new Stack(app, DATA_STACK, {
    ...stackProps({ ...deployment, stackName: `${deployment.stackName}Data` }),
    description: "What the registry of Falco's kernel probes keeps: its index, its probes, its key.",
    synthesizer: synthesizer(),
    terminationProtection: isProtected(app),
  })
  bundleFunctions(bundles)
  const data = addData(store, settings, isProtected(app))
  addRegistry(work, settings, { data, bundles })
  if (!local) Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  strictly(app, { isChecked: !local })
}

function settingsOf(file: string | undefined, options: ReadOptions): AllSettings {
  const settings = readSettings(file, options)
  const { cloud } = settings
  return options.local
    ? { ...settings, cloud: { ...cloud, deployment: onOneMachine(cloud.deployment) } }
    : settings
}

/** Omits the parameter of the bootstrap version, which the CLI checks. */
const synthesizer = () => new DefaultStackSynthesizer({ generateBootstrapVersionRule: false })

/**
 * False until the first deployment has succeeded: a protected stack could not be deleted for a second try (first-deploy.sh).
 */
const isProtected = (app: App): boolean => app.node.tryGetContext('protect') !== 'no'
