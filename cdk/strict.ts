// Writes the assembly, and treats the CDK's warnings as errors, because CloudFormation mostly refuses them during a deployment.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type App, Validations } from 'aws-cdk-lib'
import type { CloudAssembly } from 'aws-cdk-lib/cx-api'
import { AwsSolutionsChecks } from 'cdk-nag'

/** A finding in validation-report.json, a file next to the templates. */
interface Violation {
  readonly ruleName: string
  readonly description: string
  readonly violatingConstructs: readonly { readonly constructPath?: string }[]
}

/**
 * Throws on the CDK's warnings and on findings of the policy checks, unless the construct acknowledges them with a reason (nag.ts).
 * The CDK itself throws its errors. `isChecked`: also makes the policy checks.
 */
export function strictly(app: App, { isChecked }: { readonly isChecked: boolean }): void {
  if (isChecked) Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  const assembly = app.synth()
  const problems = [...annotationsOf(assembly), ...(isChecked ? findingsOf(assembly) : [])]
  if (problems.length > 0) throw new Error(`AWS would not accept the stack:\n${problems.join('\n')}`)
}

const annotationsOf = ({ stacksRecursively }: CloudAssembly): string[] =>
  stacksRecursively.flatMap(({ messages }) =>
    messages.filter(({ level }) => level !== 'info').map(({ id, entry }) => `${id}: ${entry.data}`),
  )

function findingsOf({ directory }: CloudAssembly): string[] {
  const report = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations: Violation[] }[]
  }
  return report.pluginReports.flatMap(({ violations }) => violations.map(textOf))
}

function textOf({ ruleName, description, violatingConstructs }: Violation): string {
  const places = violatingConstructs.map(({ constructPath = 'the template' }) => constructPath)
  return `${places.join(', ')}: ${description} (${ruleName})`
}
