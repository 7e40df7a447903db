// A conditional write to DynamoDB: that its condition did not hold is an answer, not an error.

/** What the write resolves to; `undefined` where its condition did not hold, and nothing was written. */
export async function ifHeld<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return undefined
    throw error
  }
}
