// Tests .github/workflows/image.yml: the permissions of its jobs, and its scripts, which run here as on a runner.

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'

const FILE = join(import.meta.dirname, '../../../.github/workflows/image.yml')
const step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  with: z.record(z.string(), z.unknown()).optional(),
})
type Step = z.infer<typeof step>
const job = z.object({
  if: z.string().optional(),
  permissions: z.record(z.string(), z.string()).optional(),
  steps: z.array(step),
})
const workflow = z
  .object({
    on: z.record(z.string(), z.unknown()),
    permissions: z.record(z.string(), z.string()),
    jobs: z.object({ build: job, push: job }),
  })
  .parse(parse(readFileSync(FILE, 'utf8')))
const { build, push } = workflow.jobs
const steps = [...build.steps, ...push.steps]
const scriptOf = ({ steps: all }: { readonly steps: readonly Step[] }): string =>
  all.map(({ run = '' }) => run).join('')

const dir = mkdtempSync(join(tmpdir(), 'workflow-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe('the workflow', () => {
  test('runs for branches, tags and pull requests, and never by pull_request_target', () => {
    expect(Object.keys(workflow.on).sort()).toEqual(['pull_request', 'push', 'workflow_dispatch'])
    expect(workflow.on.push).toEqual({ branches: ['**'], tags: ['**'] })
  })

  test('pins each action to a commit', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? [])
    expect(actions.length).toBeGreaterThan(0)
    for (const action of actions) expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/)
  })

  test('builds without a credential, and pushes without building', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' })
    expect(build.permissions).toBeUndefined()
    expect(JSON.stringify(build)).not.toMatch(/token|secrets/i)
    expect(build.steps[0]?.with).toEqual({ 'persist-credentials': false })
    expect(push.permissions).toEqual({ packages: 'write' })
    expect(scriptOf(push)).not.toMatch(/\bnpm\b|\bnode\b|\bgit\b/)
  })

  test('pushes nothing for a pull request from a fork', () => {
    expect(push.if).toContain("github.event_name != 'pull_request' ||")
    expect(push.if).toContain('github.event.pull_request.head.repo.full_name == github.repository')
  })

  test('puts no text of an event into a script, only into the environment', () => {
    for (const { run } of steps) expect(run ?? '').not.toContain('${{')
  })

  test('has scripts without shellcheck warnings', () => {
    for (const one of [build, push])
      execFileSync('shellcheck', ['--shell=bash', '-'], { input: scriptOf(one), stdio: 'pipe' })
  })
})

/** Runs a script as a runner does, with fakes in place of `tools`. Returns the calls of the fakes. */
function run(script: string, tools: readonly string[], env: Readonly<Record<string, string>>): string[] {
  const bin = mkdtempSync(join(dir, 'bin-'))
  for (const tool of tools) {
    writeFileSync(join(bin, tool), `#!/bin/sh\necho "${tool} $*" >>"$CALLS"\n[ ! -t 0 ] || exit 1\n`)
    chmodSync(join(bin, tool), 0o755)
  }
  const calls = join(bin, 'calls')
  writeFileSync(calls, '')
  execFileSync('bash', ['-e', '-c', script], {
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      CALLS: calls,
      GITHUB_OUTPUT: '/dev/null',
      RUNNER_TEMP: dir,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return readFileSync(calls, 'utf8').trim().split('\n')
}

describe('the pushed image', () => {
  const pushed = (ref: string, name: string): string[] =>
    run(scriptOf(push), ['skopeo'], {
      ...{ GITHUB_REF: ref, GITHUB_REF_NAME: name, GITHUB_REPOSITORY: 'Example/Probes', GITHUB_ACTOR: 'one' },
      ...{ TAG: '11.0.0_driver', TOKEN: 'secret' },
    })
  const of = (tag: string) =>
    `skopeo copy --all oci-archive:image.tar:11.0.0_driver docker://ghcr.io/example/probes/falco-driver-loader:11.0.0_driver${tag}`
  const LOGIN = 'skopeo login ghcr.io --username one --password-stdin'

  test('of a branch or a pull request has its name after the driver’s in the tag', () => {
    expect(pushed('refs/heads/fix/a b', 'fix/a b')).toEqual([LOGIN, of('-fix-a-b')])
    expect(pushed('refs/pull/12/merge', '12/merge')).toEqual([LOGIN, of('-pr-12')])
  })

  test('of a tag also gets the driver’s name alone as tag', () => {
    expect(pushed('refs/tags/v1.0.0', 'v1.0.0')).toEqual([LOGIN, of('-v1.0.0'), of('')])
  })
})

describe('the built image', () => {
  const built = (version: string, ref: string): string[] =>
    run(scriptOf(build), ['git', 'npm', 'jq'], { DRIVER_VERSION: version, DRIVER_REF: ref })

  test('has the driver version', () => {
    expect(built('11.0.0+driver', '')).toContain('npm run image -- --driver-version 11.0.0+driver')
  })

  test('has the driver of a falcosecurity/libs pull request, from its checkout', () => {
    const calls = built('', 'refs/pull/12/head')
    expect(calls).toContain(
      `git -C ${dir}/libs fetch --quiet --depth 1 https://github.com/falcosecurity/libs refs/pull/12/head`,
    )
    expect(calls).toContain(`npm run image -- --driver-source ${dir}/libs`)
  })
})
