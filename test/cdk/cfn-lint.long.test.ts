// Checks the templates with cfn-lint, an independent tool. If Python's packages are not available, the tests report this.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest'
import { WEB_ACL } from '../support/cdk/edge.ts'
import { type Synthesis, synthesis } from '../support/cdk/template.ts'
import { had, type PythonTools, pythonTools } from '../support/python.ts'
import { scratch } from '../support/registry/registry.ts'

const MINUTE = 60_000
/** W3005: the CDK writes a dependency on a role twice. */
const ARGS = ['--ignore-checks', 'W3005', '--']

let tools: PythonTools | string
let work: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  work = await scratch()
  tools = await pythonTools('cfn-lint==1.58.0')
}, 10 * MINUTE)
afterAll(async () => {
  if (typeof tools !== 'string') await tools?.remove()
  await work.remove()
})

async function lint(templates: readonly unknown[], context: TestContext) {
  const files = templates.map((_, i) => `${i}.template.json`)
  for (const [i, file] of files.entries()) await writeFile(join(work.dir, file), JSON.stringify(templates[i]))
  return had(tools, context).run('cfn-lint', [...ARGS, ...files], 5 * MINUTE, work.dir)
}
const templatesOf = ({ dataTemplate, workTemplate }: Synthesis) => [dataTemplate, workTemplate]
const NOTHING = { code: 0, output: '' }

test('cfn-lint has no complaint about the templates', async (context) => {
  expect(await lint(templatesOf(synthesis()), context)).toEqual(NOTHING)
})

test('cfn-lint accepts a domain, a boundary, a KMS key, a distribution and machines of one architecture', async (context) => {
  const id = `${'1'.repeat(8)}-2222-3333-4444-${'5'.repeat(12)}`
  const certificateArn = `arn:aws:acm:eu-west-3:123456789012:certificate/${id}`
  const deployment = {
    region: 'eu-west-3',
    permissionsBoundary: 'Boundary',
    domain: { name: 'probes.example.org', certificateArn },
    secretKeyArn: `arn:aws:kms:eu-west-3:123456789012:key/${id}`,
    secretReplicas: [{ region: 'eu-west-1', keyArn: `arn:aws:kms:eu-west-1:123456789012:key/${id}` }],
  }
  const settings = {
    build: { machines: { aarch64: 'x86_64' } },
    cloud: { deployment, edge: { webAcl: WEB_ACL, distribution: 'E2QWRUHAPMQZL7' } },
  }
  expect(await lint(templatesOf(synthesis(settings)), context)).toEqual(NOTHING)
})

test('cfn-lint reports the fault in a wrong template', async (context) => {
  const text = JSON.stringify(synthesis(undefined, true).workTemplate)
  const broken = JSON.parse(text.replaceAll('"nodejs24.x"', '"nodejs99.x"')) as unknown
  const { code, output } = await lint([broken], context)
  expect(code).not.toBe(0)
  expect(output).toContain('nodejs99.x')
})
