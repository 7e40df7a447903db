// Runs the command that synthesizes the template, like `npm start` and `cdk synth`.

import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/local/assembly.ts'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

async function synthesized(): Promise<string[]> {
  const out = temporaryFolder()
  await run(process.execPath, ['cdk/app.ts'], { cwd: ROOT, env: { ...process.env, CDK_OUTDIR: out } })
  return readdirSync(out).sort()
}

/** Where functions are bundled. */
const folders = (): string[] =>
  readdirSync(join(ROOT, '.build')).filter((name) => name.startsWith('functions'))

test('two runs at the same time in one clone bundle their functions in separate folders', async () => {
  const before = folders()
  const seen = new Set<string>()
  const looking = setInterval(() => {
    for (const name of folders()) seen.add(name)
  }, 20)
  const [one, other] = await Promise.all([synthesized(), synthesized()])
  clearInterval(looking)
  expect(one.filter((name) => name.startsWith('asset.')).length).toBeGreaterThan(9)
  expect(other).toEqual(one)
  const own = [...seen].filter((name) => !before.includes(name))
  expect(own.length).toBeGreaterThanOrEqual(2)
})
