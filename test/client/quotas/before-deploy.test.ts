// Tests the check before `npm run deploy`: it only stops if the deployment would fail in this account.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { OPERATOR } from '../../support/aws/json-service.ts'
import { forbidden, GROWN, quotasService, withValues } from '../../support/aws/quotas.ts'
import { ran } from '../../support/client/program.ts'

const PROGRAM = join(import.meta.dirname, '../../../client/quotas/before-deploy.ts')

/** As in CI: there is no terminal. */
const APPROVED = ['--require-approval', 'never']
const look = (endpoint: string, args: readonly string[] = [], env = {}, approved = APPROVED) =>
  ran(process.execPath, [PROGRAM, ...approved, ...args], {
    ...OPERATOR,
    AWS_ENDPOINT_URL_SERVICE_QUOTAS: endpoint,
    ...env,
  })

function written(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const BUILDS = 'Concurrently running builds for Linux/Medium environment'

test('a quota that makes the deployment fail stops it, and the error names the variable that overrides this', async () => {
  const { endpoint } = await quotasService(withValues({ [BUILDS]: 0 }))
  const stopped = await look(endpoint)
  expect(stopped).toMatchObject({ status: 1, stderr: expect.stringContaining('PROBE_QUOTAS=warn') })
  expect(await look(endpoint, [], { PROBE_QUOTAS: 'warn' })).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^FAILS/m),
  })
})

test('a quota that makes builds slow is reported, and the deployment continues', async () => {
  const { endpoint } = await quotasService(withValues({ [BUILDS]: 1 }))
  expect(await look(endpoint)).toEqual({ status: 0, stdout: expect.stringMatching(/^SLOW/m), stderr: '' })
})

test('unreadable quotas are reported, and the deployment continues', async () => {
  const { endpoint } = await forbidden()
  expect(await look(endpoint)).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/not looked at, and the deployment goes on: .*not authorized/),
  })
})

test('the settings are those of the deployment, from PROBE_SETTINGS or --context', async () => {
  const file = written('settings.json', JSON.stringify({ cloud: { waitConcurrency: 5000 } }))
  const { endpoint } = await quotasService(GROWN)
  expect(await look(endpoint)).toMatchObject({ status: 0 })
  expect(await look(endpoint, [], { PROBE_SETTINGS: file })).toMatchObject({ status: 1 })
  expect(await look(endpoint, ['-c', 'a=b', '--context', `settings=${file}`])).toMatchObject({ status: 1 })
})

test('the credentials are those of the --profile of the deployment', async () => {
  const { endpoint } = await quotasService(GROWN)
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = OPERATOR
  const profile = `aws_access_key_id=${id}\naws_secret_access_key=${secret}\naws_session_token=${token}`
  const env = {
    AWS_SHARED_CREDENTIALS_FILE: written('credentials', `[probes]\n${profile}\n`),
    AWS_SECRET_ACCESS_KEY: "another's",
  }
  expect(await look(endpoint, [], env)).toMatchObject({
    stdout: '',
    stderr: expect.stringContaining('signature'),
  })
  expect(await look(endpoint, ['--profile', 'probes'], env)).toMatchObject({
    stdout: expect.stringMatching(/^fits/),
  })
})

test('without a terminal a deployment that would ask for approval stops, and the error names the option', async () => {
  const { endpoint } = await quotasService(GROWN)
  expect(await look(endpoint, [], {}, [])).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining('npm run deploy -- --require-approval never'),
  })
  for (const approved of [['--require-approval=never'], ['--require-approval', 'any-change']])
    expect(await look(endpoint, [], {}, approved)).toMatchObject({ status: 0 })
  expect(await look(endpoint, [], { CDK_REQUIRE_APPROVAL: 'never' }, [])).toMatchObject({ status: 0 })
})
