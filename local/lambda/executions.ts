// Concurrent executions of an account: a function's reserved executions are both its own and its limit; all other
// functions share the rest. https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html

export interface Executions {
  /** Takes one execution. Returns false if none is free. */
  begin(): boolean
  end(): void
}

/** Limit of a new account: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const NEW_ACCOUNT = 10
/** Executions that nobody can reserve: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
const LEAST_SHARED = 100

/**
 * Returns the executions of each function by name. `kept`: reserved executions of the functions that have some. Throws AWS's
 * message if too few remain for the others; AWS would roll back the deployment of such a stack.
 */
export function accountExecutions(
  account: number,
  kept: ReadonlyMap<string, number>,
): (functionName: string) => Executions {
  let left = account
  for (const [name, executions] of kept) {
    left -= executions
    const least = Math.min(LEAST_SHARED, account)
    if (left < least)
      throw new Error(
        `function ${name}: Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${least}].`,
      )
  }
  const shared = pool(left)
  const own = new Map([...kept].map(([name, executions]) => [name, pool(executions)]))
  return (functionName) => own.get(functionName) ?? shared
}

function pool(most: number): Executions {
  let running = 0
  return {
    begin: () => {
      if (running >= most) return false
      running += 1
      return true
    },
    end: () => {
      running -= 1
    },
  }
}
