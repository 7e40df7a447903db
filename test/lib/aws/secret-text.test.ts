// A secret's text, and what is said where there is none.

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
])('one that is %s is no secret that anything could be equal to', async (_, call) => {
  await expect(readEdgeSecret(call, 'arn:1')).rejects.toMatchObject({ code: 'misconfigured' })
})

test('what the service refuses is told as it is', async () => {
  const call: Call = () => Promise.reject(named('AccessDeniedException'))
  await expect(readEdgeSecret(call, 'arn:1')).rejects.toThrow(
    expect.objectContaining({ name: 'AccessDeniedException' }),
  )
})
