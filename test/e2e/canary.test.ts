// Tests the canary of a running registry. It requests a missing probe, which the registry builds. It reports the probe as good
// until the operator withdraws it, or its bytes change in the bucket.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../support/registry/eventually.ts'
import { pinned } from '../support/registry/kernels.ts'
import { sh } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const ROOT = join(import.meta.dirname, '../..')
const probe = `/driver/0.20.0/x86_64/scap_debian_${pinned('6.1', 'amd64').release}_1.ko`
const here = stand({ settings: { cloud: { canary: { probe, everyMinutes: 3 } } } })

interface Found {
  readonly event: string
  readonly probe: string
  readonly why?: string
}

/** The canary's results so far, from its log. */
function found(): Found[] {
  const logs = join(here.dataDir(), 'logs')
  const [file] = readdirSync(logs).filter((name) => /^ProbeRegistry-Canary[0-9A-F]{8}\.log$/.test(name))
  const lines = file === undefined ? [] : readFileSync(join(logs, file), 'utf8').split('\n')
  return lines
    .filter((line) => line.includes('"canary '))
    .map((line) => (JSON.parse(line) as { message: Found }).message)
}

/** A registry runs its schedules at its start. */
async function nextFound(): Promise<Found> {
  const before = found().length
  await here.stop()
  await here.start()
  return eventually('the canary runs', () => found()[before])
}

const withdraw = (...args: string[]) =>
  sh('npx', ['--no-install', 'probe-registry', 'withdraw', '--data', here.dataDir(), ...args], ROOT)

/** Changes one bit of the module in the bucket. */
function changeBytes(): void {
  const bucket = readdirSync(join(here.dataDir(), 's3')).find((name) => name.includes('artifacts'))!
  const folder = join(here.dataDir(), 's3', bucket)
  const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /[0-9a-f]{64}$/.test(name))
    .map((name) => ({ file: join(folder, name), bytes: readFileSync(join(folder, name)) }))
    .filter(({ bytes }) => bytes.subarray(0, 4).toString('latin1') === '\x7fELF')
  expect(modules).toHaveLength(1)
  for (const { file, bytes } of modules) {
    bytes[5000]! ^= 1
    writeFileSync(file, bytes)
  }
}

test('the canary reports good for its probe, and bad once the probe is withdrawn or its bytes change', async () => {
  await here.start()
  const first = await eventually('the canary runs', () => found()[0], 180)
  expect(first).toMatchObject({ event: 'canary good', probe })

  await withdraw(probe, 'it panics')
  expect(await nextFound()).toMatchObject({
    event: 'canary bad',
    why: expect.stringMatching(/: the answer is 410, .*it panics/),
  })
  await withdraw('--undo', probe)
  expect(await nextFound()).toMatchObject({ event: 'canary good' })

  changeBytes()
  expect(await nextFound()).toMatchObject({
    event: 'canary bad',
    why: expect.stringMatching(/the received bytes have the sha256|does not answer|the answer is 5/),
  })
})
