// Executions at one time, as an account has them: those that are kept for a function are its own and its most, and all
// other functions share the rest. https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html

export interface Executions {
  /** Whether there was room for one more, which is taken then. */
  begin(): boolean
  end(): void
}

/** An account that was made today: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const NEW_ACCOUNT = 10
/** Of these nothing is kept for anybody: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
const LEAST_SHARED = 100

/**
 * By function. `kept`: what is kept for each that has some. Throws, in the words of AWS, where too little would be left for
 * the others; a deployment of such a stack is rolled back.
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
