// Says why a finding of the policy checks is meant to be so, beside the resource that it is about.

import { Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  const rules = Object.entries(reasons).map(([rule, reason]) => ({ id: `AwsSolutions-${rule}`, reason }))
  Validations.of(construct).acknowledge(...rules)
}
