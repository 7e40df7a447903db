import { expect, test } from 'vitest'
import { createRoles } from '../../../local/iam/roles.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import { role, temporaryFolder, writeAssembly } from '../../support/local/assembly.ts'

const HOUR = 3_600_000

async function rolesAt(now: () => number) {
  const folder = await writeAssembly(temporaryFolder(), { Role: role('lambda.amazonaws.com') })
  const template = loadTemplate(folder, { publicUrl: 'http://127.0.0.1:1' })
  const roles = createRoles(template, now)
  const arn = template.ofType('AWS::IAM::Role')[0]?.arn ?? ''
  return { roles, assume: (lifeMs?: number) => roles.assume(arn, 'lambda.amazonaws.com', lifeMs) }
}

test('a session token is as long as one of AWS, and contains characters that a URL escapes', async () => {
  const { assume } = await rolesAt(() => 0)
  for (const { sessionToken } of [assume(), assume(HOUR)]) {
    expect(sessionToken).toHaveLength(1200)
    expect(encodeURIComponent(sessionToken).length).toBeGreaterThan(1200)
  }
})

test('each session with an end is a new one; a session without an end is always the same', async () => {
  const { roles, assume } = await rolesAt(() => 1000)
  const [first, second] = [assume(HOUR), assume(2 * HOUR)]
  expect([first.endsAt, second.endsAt]).toEqual([1000 + HOUR, 1000 + 2 * HOUR])
  expect(first.accessKeyId).not.toBe(second.accessKeyId)
  expect(first.sessionToken).not.toBe(second.sessionToken)
  expect(roles.principals(first.accessKeyId)).toBe(first)
  expect(assume()).toBe(assume())
  expect(assume().endsAt).toBeUndefined()
})

test('an ended session stays known for a day, and is then forgotten', async () => {
  let now = 0
  const { roles, assume } = await rolesAt(() => now)
  const { accessKeyId } = assume(HOUR)
  now = 24 * HOUR
  assume(HOUR)
  expect(roles.principals(accessKeyId)).toBeDefined()
  now = 26 * HOUR
  assume(HOUR)
  expect(roles.principals(accessKeyId)).toBeUndefined()
  expect(roles.principals(assume().accessKeyId)).toBeDefined()
})
