// From settings and sources to a cloud assembly: settings, bundles, the two stacks, and the policy checks over them.

import { App, DefaultStackSynthesizer, Stack, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import type { AllSettings } from '../lib/kernels/settings.ts'
import { bundleFunctions } from './bundle.ts'
import { addData } from './data.ts'
import { onOneMachine, stackProps } from './deployment.ts'
import { type ReadOptions, readSettings } from './settings.ts'
import { addRegistry } from './stack.ts'
import { strictly } from './strict.ts'

/** Of their files in the assembly, whatever they are called where they are deployed. */
export const STACK = 'ProbeRegistry'
export const DATA_STACK = 'ProbeRegistryData'

interface SynthesisOptions {
  /** the cloud assembly: a template for each stack, and the assets beside them */
  readonly outdir: string
  /** where the functions are bundled to, one folder each */
  readonly bundles: string
  /** JSON laid over the defaults of lib/kernels/settings.ts; else the context value `settings` names it */
  readonly settingsFile?: string | undefined
  /** for this machine only: driver sources and mirrors that no cloud can reach; the template goes unchecked */
  readonly local: boolean
  /** where the credentials lead that will deploy, as far as that is known; the template is the same for all */
  readonly region?: string | undefined
}

/** Here and not in cdk.json, so that the template is the same without the CLI. */
export const FLAGS = {
  // Else the hash of a version has reserved executions in it, and Lambda refuses a second one of the same code and settings.
  '@aws-cdk/aws-lambda:recognizeVersionProps': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:validateAgainstDefaultRules': true,
  // By exports: what the functions use cannot go while they use it (data.ts).
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
}

/** Writes the assembly. Throws on bad settings, and on whatever the checks find or warn of. */
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

/** The CLI checks the bootstrap version before it deploys; the template needs no parameter for it. */
const synthesizer = () => new DefaultStackSynthesizer({ generateBootstrapVersionRule: false })

/**
 * Until a first deployment has succeeded nothing is worth protecting, and what is protected cannot be deleted for a second
 * try (first-deploy.sh).
 */
const isProtected = (app: App): boolean => app.node.tryGetContext('protect') !== 'no'
