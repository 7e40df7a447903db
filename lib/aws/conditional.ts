// Conditional writes to DynamoDB: a condition that does not hold is an answer, not an error.

/** What the write resolves to; `undefined`: its condition did not hold, and nothing was written. */
export async function ifHeld<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return undefined
    throw error
  }
}

/** False: the condition did not hold, and nothing was written. */
export const isWritten = async (write: Promise<object>): Promise<boolean> =>
  (await ifHeld(write)) !== undefined
