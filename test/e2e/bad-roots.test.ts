// Tests build roots on machines that lack disk space, user namespaces or files: one clear error, and no incomplete root is used.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSandbox } from '../../local/codebuild/sandbox.ts'
import { rootArchive, rootFor } from '../support/builds/roots.ts'
import { scratch } from '../support/registry/registry.ts'

const ROOT = join(import.meta.dirname, '..', '..')

let work: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  work = await scratch()
})
afterAll(() => work.remove())

const script = (lines: string, ...args: string[]) => ['-ec', lines, 'sh', process.execPath, ...args]

test('a full disk while a root is unpacked leaves no files, and the error asks to free space', async () => {
  const { digest } = await rootFor('steps')
  const disk = join(work.dir, 'disk')
  mkdirSync(disk)
  const full = 'mount -t tmpfs -o size=32m disk "$3"; "$1" "$2" "$3" "$4" || { ls -A "$3"; exit 1; }'
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--mount', 'sh', ...script(full, join(ROOT, 'client/roots/unpack.ts'), disk, digest)],
    { input: await rootArchive('steps'), encoding: 'utf8' },
  )
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: `there is no space left in ${disk}: free about a gigabyte\n`,
  })
})

test('a full disk while a root is composed leaves no files, and the error asks to free space', () => {
  const cache = join(work.dir, 'cache')
  mkdirSync(cache)
  const full =
    'mount -t tmpfs -o size=64m disk "$3"; XDG_CACHE_HOME=$3 "$1" "$2" steps || { ls -A "$3/probe-registry/roots"; exit 1; }'
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--mount', 'sh', ...script(full, join(ROOT, 'client/roots/compose-root.ts'), cache)],
    { encoding: 'utf8' },
  )
  expect(status).toBe(1)
  expect(stderr).toMatch(
    /^compose-root: there is no space left for a build root in .*: free about a gigabyte there, or set XDG_CACHE_HOME to a folder with more room\n$/,
  )
  // Only the line from before the disk was full.
  expect(stdout).toMatch(/^\d+ packages of bookworm, \d+ MB\n$/)
  expect(readdirSync(cache)).toEqual([])
})

test('a kernel without user namespaces causes one line of error, with the command that allows them', async () => {
  const { folder } = await rootFor('steps')
  const sandbox = join(ROOT, 'local/codebuild/sandbox.ts')
  const open = `import { openSandbox } from ${JSON.stringify(sandbox)}; openSandbox(${JSON.stringify(folder)})`
  // Without capabilities, root is an ordinary user.
  const anybody = 'setpriv --bounding-set=-all --inh-caps=-all'
  const none = `echo 0 >/proc/sys/user/max_user_namespaces; exec ${anybody} "$1" --input-type=module -e "$2"`
  const { status, stderr } = spawnSync(
    'unshare',
    ['--user', '--map-root-user', 'sh', ...script(none, open)],
    {
      encoding: 'utf8',
    },
  )
  expect(status).toBe(1)
  expect(stderr).toMatch(
    /^Error: no build can run here, because .* may not create user namespaces \(.*\)\. Allow them, as root: sysctl -w kernel\.unprivileged_userns_clone=1 or .*$/m,
  )
})

test('a missing root causes an error that explains how it is restored', async () => {
  const { folder } = await rootFor('steps')
  expect(() => openSandbox(`${folder}-gone`)).toThrow(/is missing, or has no bubblewrap: the next request/)
  openSandbox(folder)
})
