// Defines grants. A grant gives a function both a permission and its environment, so neither exists without the other.

import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { acknowledge } from './nag.ts'

/** The permission behind one word of a grant: these actions on these ARNs, never on `*`. */
export interface Permission {
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** operator -> key -> allowed value or values; all keys must match */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
  /** findings of the policy checks that this permission causes, with reasons */
  readonly reasons?: Readonly<Record<string, string>>
}

interface Granting<Word extends string> {
  grantTo(fn: LambdaFunction, ...words: [Word, ...Word[]]): void
}

/** `environment`: variable -> value, set for functions that get any of these permissions. */
export const granting = <Word extends string>(
  environment: Readonly<Record<string, string>>,
  permissions: Readonly<Record<Word, Permission>>,
): Granting<Word> => ({
  grantTo: (fn, ...words) => {
    for (const [name, value] of Object.entries(environment)) fn.addEnvironment(name, value)
    for (const word of words) permit(fn, permissions[word])
  },
})

function permit(fn: LambdaFunction, { actions, resources, conditions = {}, reasons }: Permission): void {
  fn.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources], conditions }))
  if (reasons !== undefined) acknowledge(fn.role!, reasons)
}
