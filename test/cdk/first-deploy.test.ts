// Runs `npm run deploy` and the two deployments of `npm run deploy:first` with a program in place of Node that records its
// arguments.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { synthesis } from '../support/cdk/template.ts'
import { temporaryFolder } from '../support/local/assembly.ts'

/** `ends` has the exit status of each call. */
const firstDeployment = (ends: readonly number[], ...args: string[]) => ranAs('first-deploy', ends, args)

function ranAs(script: 'deploy' | 'first-deploy', ends: readonly number[], args: readonly string[]) {
  const folder = temporaryFolder()
  for (const name of ['cdk', 'local']) mkdirSync(join(folder, name))
  cpSync(`cdk/${script}.sh`, join(folder, `cdk/${script}.sh`))
  const node = [
    'echo "$*" >>calls',
    'case $(wc -l <calls) in',
    ...ends.map((end, i) => `${i + 1}) exit ${end} ;;`),
    'esac',
  ]
  writeFileSync(join(folder, 'local/node.sh'), `${node.join('\n')}\n`)
  const { status } = spawnSync('sh', [join(folder, `cdk/${script}.sh`), ...args])
  const calls = join(folder, 'calls')
  return { status, calls: existsSync(calls) ? readFileSync(calls, 'utf8').trimEnd().split('\n') : [] }
}

const CDK = 'node_modules/.bin/cdk deploy --all'
const LOOK = 'client/quotas/before-deploy.ts'

test('a second deployment with the same arguments protects the deployed stacks', () => {
  expect(firstDeployment([0, 0, 0], '--require-approval', 'never')).toEqual({
    status: 0,
    calls: [
      `${LOOK} --require-approval never`,
      `${CDK} -c protect=no --require-approval never`,
      `${CDK} --require-approval never`,
    ],
  })
})

test('the stack without data is never protected, so it can be destroyed and deployed again', () => {
  const { stack, workTemplate } = synthesis(undefined, true)
  expect(stack.properties.terminationProtection ?? false).toBe(false)
  expect(JSON.stringify(workTemplate)).not.toMatch(/"(Retain|RetainExceptOnCreate|Snapshot)"/)
})

test('a failed deployment is not protected, so that a second try can delete it', () => {
  expect(firstDeployment([0, 1])).toEqual({ status: 1, calls: [LOOK, `${CDK} -c protect=no`] })
})

test('neither command deploys if the check of the account fails', () => {
  expect(firstDeployment([1])).toEqual({ status: 1, calls: [LOOK] })
  expect(ranAs('deploy', [1], [])).toEqual({ status: 1, calls: [LOOK] })
})

test('the check of the account uses the same profile as the deployment', () => {
  expect(ranAs('deploy', [0, 0], ['--profile', 'probes'])).toEqual({
    status: 0,
    calls: [`${LOOK} --profile probes`, `${CDK} --profile probes`],
  })
})

test('without protection the stack of the data and its tables can be deleted, and nothing else differs', () => {
  const kept = synthesis(undefined, true)
  process.env.CDK_CONTEXT_JSON = JSON.stringify({ protect: 'no' })
  try {
    const first = synthesis(undefined, true)
    expect([kept, first].map(({ dataStack }) => dataStack.properties.terminationProtection ?? false)).toEqual(
      [true, false],
    )
    expect(kept.text).toContain('"DeletionProtectionEnabled": true')
    expect(first.text).toBe(
      kept.text.replaceAll('"DeletionProtectionEnabled": true', '"DeletionProtectionEnabled": false'),
    )
  } finally {
    delete process.env.CDK_CONTEXT_JSON
  }
})
