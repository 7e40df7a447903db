// Tests reads of a secret's text, and the errors for a secret without text.

import { expect, test } from 'vitest'
import type { Call } from '../../../lib/aws/json-api.ts'
import { readEdgeSecret } from '../../../lib/aws/secrets.ts'

const named = (name: string) => Object.assign(new Error('no'), { name })

test('a secret is read by its id', async () => {
  const asked: unknown[] = []
  const call: Call = async (operation, input) => {
    asked.push([operation, input])
    return { SecretString: 'text' }
  }
  expect(await readEdgeSecret(call, 'arn:1')).toBe('text')
  expect(asked).toEqual([['GetSecretValue', { SecretId: 'arn:1' }]])
})

test.each<[string, Call]>([
  ['empty', async () => ({ SecretString: '' })],
  ['no text', async () => ({ SecretBinary: 'AA==' })],
  ['not there', () => Promise.reject(named('ResourceNotFoundException'))],
])('a secret that is %s is an error, so nothing can be equal to it', async (_, call) => {
  await expect(readEdgeSecret(call, 'arn:1')).rejects.toMatchObject({ code: 'misconfigured' })
})

test('an error of the service is passed on', async () => {
  const call: Call = () => Promise.reject(named('AccessDeniedException'))
  await expect(readEdgeSecret(call, 'arn:1')).rejects.toThrow(
    expect.objectContaining({ name: 'AccessDeniedException' }),
  )
})
