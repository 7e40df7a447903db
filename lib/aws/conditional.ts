// Turns the failed condition of a DynamoDB write into a result. All other errors stay errors.

/** Result of the write; `undefined`: its condition did not hold, so nothing was written. */
export async function ifHeld<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return undefined
    throw error
  }
}

/** False: the condition did not hold, so nothing was written. */
export const isWritten = async (write: Promise<object>): Promise<boolean> =>
  (await ifHeld(write)) !== undefined
