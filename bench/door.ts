// Compares hits during an attack by one caller with hits during the same number of plain 404s, alternately,
// at one fixed rate.

import { execFileSync } from 'node:child_process'
import { type Asked, type Caller, callerFrom } from '../test/support/registry/caller.ts'
import { DRIVER_VERSION } from '../test/support/registry/registry.ts'
import type { Measure } from './stage.ts'
import { load } from './turns.ts'

const ROUNDS = 3
const SECONDS = 5
/** Duration of a complete attack: 6,000 invalid names, 3,000 long polls and 1,000 submissions. */
const WHOLE_SECONDS = 100
/** requests per second */
const LOAD = 100
const HITS = 50

interface DoorTimes {
  /** for each round: p99 during the attack, divided by p99 during plain 404s */
  readonly ratios: number[]
  /**
   * the same ratio for a complete attack from its first request, in which the attacker uses up a caller's
   * daily limits
   */
  readonly whole: number
  /** p99 in milliseconds in the rounds, during the attack and during plain 404s */
  readonly attacked: number
  readonly plain: number
  /** requests that the attacker sent, and how many got the expected refusal */
  readonly sent: number
  readonly refused: number
}

export const measureDoor: Measure = async (stage) => {
  const { registry, path } = await stage.warm()
  const { ratios, whole, attacked, plain, sent, refused } = await hitsAtTheDoor(registry.url, path.slice(1))
  const about = { name: 'door', against: 'p99 of hits during plain 404s', goal: { atMost: 2 } }
  const loads = [load()]
  const note = `${attacked.toFixed(0)} / ${plain.toFixed(0)} ms; ${refused} of ${sent} refused`
  return [
    { ...about, what: 'p99 of hits during an attack', ratios, loads, note },
    { ...about, what: 'the same over a whole attack, from its first request', ratios: [whole], loads },
  ]
}

interface Load {
  readonly path: string
  readonly asked?: Asked
}

/** `hit`: path of a published probe */
async function hitsAtTheDoor(url: string, hit: string): Promise<DoorTimes> {
  const attacks = attackOn(
    execFileSync('sh', ['-c', 'head -c 300000000 /dev/zero | xz'], { maxBuffer: 1 << 26 }),
  )
  const plain = (): Load => ({ path: forged('templeos', 1) })
  const [attacker, other, host] = ['127.0.66.2', '127.0.67.2', '127.0.0.1'].map(callerFrom)
  const rounds: { attacked: number[]; plain: number[] }[] = []
  const statuses: number[] = []
  // Start the workers of every function first, as in a registry in use.
  for (let i = 0; i < 10; i += 1) {
    const { path, asked } = attacks()
    await other!.ask(url + path, asked)
  }
  const calmly = { url, hit, host: host!, loader: other!, attack: plain, statuses: [] }
  const attacked = { url, hit, host: host!, loader: attacker!, attack: attacks, statuses }
  const calm = await hitsBeside(calmly, WHOLE_SECONDS)
  const whole = await hitsBeside(attacked, WHOLE_SECONDS)
  for (let round = 0; round < ROUNDS; round += 1) {
    const beside = await hitsBeside(calmly)
    rounds.push({ plain: beside, attacked: await hitsBeside(attacked) })
  }
  for (const caller of [attacker, other, host]) caller!.end()
  return {
    ratios: rounds.map((round) => p99(round.attacked) / p99(round.plain)),
    attacked: p99(rounds.flatMap((round) => round.attacked)),
    plain: p99(rounds.flatMap((round) => round.plain)),
    whole: p99(whole) / p99(calm),
    sent: (ROUNDS * SECONDS + WHOLE_SECONDS) * LOAD,
    refused: statuses.filter((status) => status === 429 || status === 503).length,
  }
}

const forged = (target: string, i: number): string =>
  `/driver/${DRIVER_VERSION}/x86_64/scap_${target}_6.1.9${i}-1-amd64_1.ko`

/**
 * Of ten requests, six are invalid names, three are long polls, and one is a submission that unpacks to many
 * bytes.
 */
function attackOn(bomb: Uint8Array): () => Load {
  let i = 0
  const body = submission(bomb)
  return () => {
    i += 1
    const path = forged('debian', i)
    switch (i % 10) {
      case 0:
        return { path: '/v1/probes', asked: body }
      case 1:
      case 2:
        return { path: `/wait${forged('debian', i % 16)}` }
      case 3:
        return {
          path: `/v1/probes/${Buffer.from(forged('debian', i % 16).slice(1)).toString('base64url')}?wait=25`,
        }
      default:
        return { path }
    }
  }
}

function submission(kheaders: Uint8Array): Asked {
  const json = {
    config: Buffer.from('# Linux/x86 6.1.1 Kernel Configuration\nCONFIG_X86_64=y\n').toString('base64'),
    ...{ release: '6.1.1', version: '#1 SMP', machine: 'x86_64', driverVersions: [DRIVER_VERSION] },
    kheaders: Buffer.from(kheaders).toString('base64'),
  }
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }
}

interface Beside {
  readonly url: string
  readonly hit: string
  readonly host: Caller
  /** sends the requests that `attack` makes */
  readonly loader: Caller
  readonly attack: () => Load
  /** counts the attacks by response status */
  readonly statuses: number[]
}

/** Returns the milliseconds of each hit. Both generators keep their rate, however slow the answers are. */
async function hitsBeside(
  { url, hit, host, loader, attack, statuses }: Beside,
  seconds = SECONDS,
): Promise<number[]> {
  const times: number[] = []
  const hung = new AbortController()
  const one = async () => {
    const { path, asked } = attack()
    await loader.ask(url + path, { ...asked, signal: hung.signal }).then(
      ({ status }) => void statuses.push(status),
      () => undefined,
    )
  }
  const aHit = async () => {
    const start = performance.now()
    const { status } = await host.ask(`${url}/${hit}`)
    if (status !== 307) throw new Error(`a hit was answered with ${status}`)
    times.push(performance.now() - start)
  }
  const loading = atRate(LOAD, seconds, one)
  await Promise.all(await atRate(HITS, seconds, aHit))
  const sent = await loading
  hung.abort()
  await Promise.all(sent)
  return times
}

/**
 * Starts `rate` requests per second for the given time. After the last start, resolves to the promises of all
 * of them.
 */
async function atRate(rate: number, seconds: number, start: () => Promise<void>): Promise<Promise<void>[]> {
  const began = performance.now()
  const all: Promise<void>[] = []
  for (let i = 0; i < rate * seconds; i += 1) {
    const due = began + (i * 1000) / rate
    const early = due - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    all.push(start())
  }
  return all
}

const p99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN
