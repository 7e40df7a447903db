// Tests that the local stack enforces the policies of the synthesized template: it denies an action without a grant.

import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStack } from '../../local/stack.ts'
import { ask, DRIVER_VERSION, type scratch as Scratch, scratch, sh } from '../support/registry/registry.ts'

interface Template {
  readonly Resources: Record<
    string,
    { Type: string; Properties: { PolicyDocument?: { Statement: Statement[] } } }
  >
}
interface Statement {
  Action: string | string[]
}

let work: Awaited<ReturnType<typeof Scratch>>
const synthesized = () => join(work.dir, 'cdk.out')

beforeAll(async () => {
  work = await scratch()
  await sh('env', [`CDK_OUTDIR=${synthesized()}`, 'PROBE_LOCAL=1', process.execPath, 'cdk/app.ts'])
}, 60_000)

afterAll(() => work.remove())

/** Copies the assembly, and removes one action from each policy whose id starts with `policy`. */
async function without(action: string, policy: string): Promise<string> {
  const assembly = join(work.dir, `without-${action.replace(':', '-')}`)
  await cp(synthesized(), assembly, { recursive: true })
  const file = join(assembly, 'ProbeRegistry.template.json')
  const template = JSON.parse(await readFile(file, 'utf8')) as Template
  let removed = 0
  for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
    if (Type !== 'AWS::IAM::Policy' || !id.startsWith(policy) || Properties.PolicyDocument === undefined)
      continue
    const { PolicyDocument } = Properties
    PolicyDocument.Statement = PolicyDocument.Statement.flatMap((statement) => {
      const actions = [statement.Action].flat()
      const left = actions.filter((a) => a !== action)
      removed += actions.length - left.length
      return left.length === 0 ? [] : [{ ...statement, Action: left }]
    })
  }
  expect(removed, `${policy} grants ${action} in the template as it is`).toBeGreaterThan(0)
  await writeFile(file, JSON.stringify(template))
  return assembly
}

/** The status of a GET of a missing probe, and the log of the function. */
async function miss(assembly: string): Promise<{ status: number; log: string }> {
  const dataDir = `${assembly}-data`
  const stack = await startStack({ assembly, dataDir, port: 0 })
  try {
    const path = `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_debian_6.1.9999-1-amd64_1.ko`
    const { status } = await ask(stack.url + path)
    const log = await sh('sh', ['-c', `cat ${dataDir}/logs/*Resolve*.log`])
    return { status, log }
  } finally {
    await stack.stop()
  }
}

describe('the local stack', () => {
  test('allows a function the actions that the template grants', async () => {
    expect(await miss(synthesized())).toMatchObject({ status: 307 })
  }, 60_000)

  test.each([
    ['dynamodb:GetItem', 'Resolve'],
    ['dynamodb:UpdateItem', 'Resolve'],
    ['events:PutEvents', 'Resolve'],
  ])(
    'denies %s to %s if the template does not grant it',
    async (action, policy) => {
      const { status, log } = await miss(await without(action, policy))
      expect(status).toBe(500)
      expect(log).toMatch(/AccessDenied|not authorized/)
      expect(log).toContain(action)
    },
    60_000,
  )
})
