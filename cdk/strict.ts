// Writes the assembly, or refuses: what the CDK only warns of, CloudFormation mostly refuses in the middle of a deployment.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from 'aws-cdk-lib'
import type { CloudAssembly } from 'aws-cdk-lib/cx-api'

/** Of validation-report.json, which the CDK leaves beside the templates. */
interface Report {
  readonly pluginReports: readonly { readonly violations: readonly Violation[] }[]
}
interface Violation {
  readonly ruleName: string
  readonly description: string
  readonly violatingConstructs: readonly { readonly constructPath?: string }[]
}

/**
 * Errors are the CDK's own to throw. Error on whatever else it or, where the app has any, a check says, unless the
 * construct acknowledges that with a reason (nag.ts).
 */
export function strictly(app: App, { isChecked }: { readonly isChecked: boolean }): void {
  const assembly = app.synth()
  const said = [...annotationsOf(assembly), ...(isChecked ? findingsOf(assembly) : [])]
  if (said.length > 0) throw new Error(`the stack is not as AWS takes it:\n${said.join('\n')}`)
}

const annotationsOf = ({ stacksRecursively }: CloudAssembly): string[] =>
  stacksRecursively.flatMap(({ messages }) =>
    messages.filter(({ level }) => level !== 'info').map(({ id, entry }) => `${id}: ${entry.data}`),
  )

function findingsOf({ directory }: CloudAssembly): string[] {
  const report = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as Report
  return report.pluginReports.flatMap(({ violations }) => violations.map(toldOf))
}

function toldOf({ ruleName, description, violatingConstructs }: Violation): string {
  const places = violatingConstructs.map(({ constructPath = 'the template' }) => constructPath)
  return `${places.join(', ')}: ${description} (${ruleName})`
}
