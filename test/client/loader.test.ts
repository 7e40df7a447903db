import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ended, HTTP, SHELLS, type Shell } from '../support/client/host.ts'
import { bytes, cut, flood, newKey, problem, redirect, stall } from '../support/client/loopback.ts'
import { ASKED, expectRefused, MODULE, PLACE, scene, signingKey } from '../support/client/scene.ts'

const IN_PLACE = [PLACE, `${PLACE}.asc`, `${PLACE}.sha256`]
const matrix = (Object.keys(SHELLS) as Shell[]).flatMap((shell) => HTTP.map((http) => ({ shell, http })))

describe.concurrent.each(matrix)('by $shell with $http', ({ shell, http }) => {
  test('the loader verifies a published probe, puts it in place and loads it', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    await at.publish('/bytes', await signingKey(), at.statementAt(ASKED))
    for (const beside of ['', '.asc', '.sha256']) at.registry.on(ASKED + beside, redirect(`/bytes${beside}`))
    const ran = await at.load([], {}, shell)
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toMatch(
      /The signature of falco_debian_6\.1\.192-2-amd64_1\.ko is good: RSA key [0-9A-F]+/,
    )
    expect(at.calls()).toBe(`insmod ${join(at.host.dir, 'home', PLACE)}\n`)
    expect(at.host.left()).toEqual(IN_PLACE)
    expect(readFileSync(join(at.host.dir, 'home', PLACE))).toEqual(MODULE)
  })

  test('bytes that do not match the checksum are refused', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    await at.publish()
    at.registry.on(ASKED, bytes(Buffer.concat([MODULE.subarray(0, -1), Buffer.from('!')])))
    expectRefused(at, await at.load([], {}, shell), 6, /not what its checksum says; it is not kept/)
  })

  test('a probe with a signature by another key is refused', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    await at.publish(ASKED, await newKey('probes@example.org'))
    expectRefused(
      at,
      await at.load([], {}, shell),
      6,
      /not signed by a key that this host trusts; it is not kept/,
    )
  })

  test('a download that breaks off is tried three times and leaves no file', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    await at.publish()
    at.registry.on(ASKED, cut(MODULE, 100_000))
    expectRefused(at, await at.load([], {}, shell), 2, /the answer broke off/)
    expect(at.registry.asked.map(({ url }) => url)).toEqual([ASKED, ASKED, ASKED])
  })

  test('an HTML page with 200 is refused', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    for (const beside of ['', '.asc', '.sha256'])
      at.registry.on(ASKED + beside, bytes('<html>Sign in to the hotel</html>'))
    expectRefused(
      at,
      await at.load([], {}, shell),
      2,
      /an HTML page\n {2}A proxy answered instead of the registry/,
    )
  })

  test('an unreachable registry is reported', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    // Not a port that was just closed: the next server of any test may get it.
    const down = { DRIVERS_REPO: 'http://127.0.0.1:1/driver' }
    expectRefused(at, await at.load([], down, shell), 2, /no answer: .*refused|no answer: .*connect/)
  })

  test('a 503 is retried', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    await at.publish()
    const busy = problem(503, 'being-built', 'it is being built', { 'retry-after': '1' })
    at.registry.on(ASKED, busy, busy, bytes(MODULE))
    expect(await at.load([], {}, shell)).toMatchObject({ status: 0 })
  })

  test('a redirect loop ends with an error', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    at.registry.on(ASKED, redirect(ASKED))
    expectRefused(at, await at.load(['--download'], {}, shell), 2, /falco-driver-loader: /)
    expect(at.registry.asked.length).toBeLessThan(40)
  })

  test('an endless body is cut off and tried again', async ({ onTestFinished }) => {
    const at = await scene({ http }, onTestFinished)
    at.registry.on(ASKED, flood, problem(404, 'not-built', 'no'))
    expectRefused(at, await at.load(['--download'], {}, shell), 3, /next try in 2 s/)
  })

  test('SIGTERM during a download ends the loader within seconds and leaves no file', async ({
    onTestFinished,
  }) => {
    const at = await scene({ http }, onTestFinished)
    let connected = true
    at.registry.on(ASKED, (response, ...rest) => {
      response.on('close', () => {
        connected = false
      })
      stall(response, ...rest)
    })
    const child = at.host.start([], at.environment(), shell)
    const over = ended(child)
    while (at.registry.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await new Promise((resolve) => setTimeout(resolve, 200))
    const began = Date.now()
    child.kill('SIGTERM')
    expectRefused(at, await over, 143, /interrupted; nothing is left behind/)
    expect(Date.now() - began).toBeLessThan(5000)
    await expect.poll(() => connected, { timeout: 5000 }).toBe(false)
  })
})
