import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { openSandbox } from '../../../local/codebuild/sandbox.ts'
import { CACHE, rootFor } from '../../support/builds/roots.ts'

test('a build that is killed at any moment ends with all its processes', async () => {
  const { folder, digest } = await rootFor('steps')
  const scratch = mkdtempSync('/var/tmp/sandbox-test-')
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
  mkdirSync(join(scratch, 'roots-bucket'))
  const sandbox = openSandbox(folder)
  const order = {
    scratch,
    roots: { objects: join(scratch, 'roots-bucket'), unpacked: join(CACHE, 'roots') },
    image: digest,
    store: '/dev/null',
    scripts: { driver: 'exec 5<&0; { read -r _ <&5; kill -9 -1; } & echo up; while :; do sleep 1; done' },
    variables: {},
    privileged: true,
  }
  let up = 0
  // Setting up takes some 20 ms.
  for (let i = 0; i < 80; i += 1) {
    const { process: child, kill } = sandbox.run(order)
    child.stdout!.on('data', () => {
      up += 1
    })
    child.stderr!.resume()
    const closed = once(child, 'close')
    await setTimeout(i / 2)
    kill()
    // The event comes when no process has its standard output open any more.
    await Promise.race([
      closed,
      setTimeout(10_000).then(() => expect.fail(`killed after ${i / 2} ms, it goes on`)),
    ])
  }
  expect(up).toBeLessThan(80)
})
