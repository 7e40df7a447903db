// Writes the assembly, and treats the CDK's warnings as errors, because CloudFormation mostly refuses them during a deployment.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from 'aws-cdk-lib'
import type { CloudAssembly } from 'aws-cdk-lib/cx-api'

/** The used part of validation-report.json, a file next to the templates. */
interface Report {
  readonly pluginReports: readonly { readonly violations: readonly Violation[] }[]
}
interface Violation {
  readonly ruleName: string
  readonly description: string
  readonly violatingConstructs: readonly { readonly constructPath?: string }[]
}

/**
 * Throws on the CDK's warnings and on findings of the policy checks, unless the construct acknowledges them with a reason (nag.ts).
 * The CDK itself throws its errors. `isChecked`: the app has policy checks.
 */
export function strictly(app: App, { isChecked }: { readonly isChecked: boolean }): void {
  const assembly = app.synth()
  const problems = [...annotationsOf(assembly), ...(isChecked ? findingsOf(assembly) : [])]
  if (problems.length > 0) throw new Error(`AWS would not accept the stack:\n${problems.join('\n')}`)
}

const annotationsOf = ({ stacksRecursively }: CloudAssembly): string[] =>
  stacksRecursively.flatMap(({ messages }) =>
    messages.filter(({ level }) => level !== 'info').map(({ id, entry }) => `${id}: ${entry.data}`),
  )

function findingsOf({ directory }: CloudAssembly): string[] {
  const report = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as Report
  return report.pluginReports.flatMap(({ violations }) => violations.map(textOf))
}

function textOf({ ruleName, description, violatingConstructs }: Violation): string {
  const places = violatingConstructs.map(({ constructPath = 'the template' }) => constructPath)
  return `${places.join(', ')}: ${description} (${ruleName})`
}
