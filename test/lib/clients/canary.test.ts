// Tests which probes the canary accepts, and its messages for all others. The signatures are made as the registry makes them.

import { generateKey } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { askAsHost, type HostPorts, PATIENCE_MS, type Reply } from '../../../lib/clients/canary.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { parseProbe } from '../../../lib/names/grammar.ts'
import { createSigner } from '../../../lib/signing/signer.ts'
import { statementOf } from '../../../lib/signing/statement.ts'

const REGISTRY = 'https://probes.example.org'
const PATH = '/driver/1.0.0%2Bdriver/x86_64/falco_debian_6.1.1-1-amd64_1.ko'
const KEY_PATH = '/keys/falco-probes.asc'
const PROBE = Buffer.from('a module')
const NOW = Date.UTC(2026, 10, 27, 12)
/** The part of a URL that gives access. */
const OPENS = 'X-Amz-Signature=0123'

const keyPair = () =>
  generateKey({
    ...{ type: 'ecc', curve: 'ed25519Legacy', userIDs: [{ name: 'Registry' }], format: 'armored' },
    date: new Date(NOW - 1000),
  } as const)

let keys: Awaited<ReturnType<typeof keyPair>>
let another: typeof keys
beforeAll(async () => {
  keys = await keyPair()
  another = await keyPair()
})

const source = { name: 'driver', version: '1', url: 'https://x.example', sha256: 'a'.repeat(64) }
const statement = (path = PATH) =>
  statementOf({
    ...{ probe: parseProbe(path).probe, unameRelease: '6.1.0-1-amd64' },
    ...{ driverSource: source, headers: [source], compiler: 'gcc-12' },
  })
const signed = (body: Uint8Array, parts = statement(), { privateKey } = keys) =>
  createSigner(
    async () => privateKey,
    () => NOW,
  ).sign(body, parts)

const reply = (
  status: number,
  body: string | Uint8Array = '',
  headers: Record<string, string> = {},
): Reply => ({
  ...{ status, body: Buffer.from(body) },
  header: (name) => headers[name],
})
const problem = (status: number, detail: string, more: Record<string, string> = {}) =>
  reply(status, JSON.stringify({ detail }), { 'content-type': 'application/problem+json', ...more })

type Answers = Readonly<Record<string, Reply | (() => Reply)>>

/** Asks a registry that gives these answers, and correct answers otherwise. */
async function asked(own: Answers = {}) {
  let now = NOW
  const all: string[] = []
  const stored = `${REGISTRY}/s3/probe?${OPENS}`
  const answers: Answers = {
    [REGISTRY + PATH]: reply(307, '', { location: `/s3/probe?${OPENS}` }),
    [stored]: reply(200, PROBE),
    [`${REGISTRY}${PATH}.json`]: reply(200, JSON.stringify({ state: 'published', sha256: sha256(PROBE) })),
    [`${REGISTRY}${PATH}.asc`]: reply(200, await signed(PROBE)),
    [REGISTRY + KEY_PATH]: reply(200, keys.publicKey),
    ...Object.fromEntries(Object.entries(own).map(([path, answer]) => [REGISTRY + path, answer])),
  }
  const ports: HostPorts = {
    get: async (url, milliseconds) => {
      all.push(url.replace(REGISTRY, ''))
      expect(milliseconds).toBeLessThanOrEqual(PATIENCE_MS)
      const answer = answers[url] ?? reply(404)
      return typeof answer === 'function' ? answer() : answer
    },
    sleep: async (milliseconds) => {
      now += milliseconds
    },
    now: () => now,
  }
  const found = await askAsHost(ports, REGISTRY, PATH)
  // The result is logged.
  expect(JSON.stringify(found)).not.toContain(OPENS)
  return { found, all, waited: now - NOW }
}
const whyOf = async (own: Answers) => {
  const { found } = await asked(own)
  return found.tag === 'bad' ? found.why : found.tag
}

describe('a probe is good', () => {
  test('if it arrives through a redirect, with its record, its signature and its statement', async () => {
    const { found, all } = await asked()
    expect(found).toEqual({ tag: 'good', sha256: sha256(PROBE), bytes: PROBE.length })
    expect(all).toEqual([PATH, `/s3/probe?${OPENS}`, `${PATH}.json`, `${PATH}.asc`, KEY_PATH])
  })

  test('if the registry builds it while the canary retries after each Retry-After', async () => {
    const waits = [
      problem(503, 'is being built', { 'retry-after': '5' }),
      reply(307, '', { location: '/wait/x' }),
    ]
    const { found, waited } = await asked({
      [PATH]: () => waits.shift() ?? reply(307, '', { location: `/s3/probe?${OPENS}` }),
      '/wait/x': reply(503, '', { 'retry-after': '30' }),
    })
    expect([found.tag, waited]).toEqual(['good', 35_000])
  })
})

describe('a probe is bad', () => {
  test('if it does not arrive in time, or the registry gives no time for a retry', async () => {
    const late = await asked({ [PATH]: problem(503, 'waits for a builder', { 'retry-after': '50' }) })
    expect(late.found).toMatchObject({ tag: 'bad', why: expect.stringContaining('503, waits for a builder') })
    expect(late.waited).toBe(100_000)
    const never = await asked({ [PATH]: reply(503) })
    expect([never.found.tag, never.waited]).toEqual(['bad', 0])
  })

  test('if it is withdrawn, and the message quotes the registry but not the store', async () => {
    expect(await whyOf({ [PATH]: problem(410, 'it panics') })).toContain(
      `${PATH}: the answer is 410, it panics`,
    )
    const secret = reply(403, `<Error>${OPENS}</Error>`, { 'content-type': 'application/xml' })
    expect(await whyOf({ [`/s3/probe?${OPENS}`]: secret })).toMatch(/the answer is 403$/)
    const cutOff = reply(410, '{"detail": "it pan', { 'content-type': 'application/problem+json' })
    expect(await whyOf({ [PATH]: cutOff })).toMatch(/: the answer is 410$/)
  })

  test('if its bytes differ from its record or from the signed bytes', async () => {
    const other = Buffer.from('b module')
    expect(await whyOf({ [`/s3/probe?${OPENS}`]: reply(200, other) })).toMatch(
      /received bytes have the sha256/,
    )
    const record = reply(200, JSON.stringify({ state: 'published', sha256: sha256(other) }))
    expect(await whyOf({ [`/s3/probe?${OPENS}`]: reply(200, other), [`${PATH}.json`]: record })).toMatch(
      /the signature does not verify with the registry's public key: these are not the bytes/,
    )
  })

  test('if another key signed it, or no key', async () => {
    const foreign = reply(200, await signed(PROBE, statement(), another))
    expect(await whyOf({ [`${PATH}.asc`]: foreign })).toMatch(/which is not a believed key/)
    expect(await whyOf({ [`${PATH}.asc`]: reply(200, 'none') })).toMatch(
      /there is no -----BEGIN PGP SIGNATURE/,
    )
  })

  test('if it is genuine but not the requested one', async () => {
    const others = ['1.0.1%2Bdriver', 'aarch64', 'scap_', '6.1.2-1-amd64', '.o']
    const parts = ['1.0.0%2Bdriver', 'x86_64', 'falco_', '6.1.1-1-amd64', '.ko']
    for (const [i, part] of parts.entries()) {
      const asc = reply(200, await signed(PROBE, statement(PATH.replace(part, others[i]!))))
      expect(await whyOf({ [`${PATH}.asc`]: asc })).toMatch(
        /the signature is of another probe: it does not state/,
      )
    }
    const unstated = reply(200, await signed(PROBE, []))
    expect(await whyOf({ [`${PATH}.asc`]: unstated })).toMatch(/does not state statement=1/)
  })

  test('if its redirects are endless, or if the registry does not answer', async () => {
    expect(await whyOf({ [PATH]: reply(307, '', { location: PATH }) })).toMatch(
      /redirected more than 10 times/,
    )
    const down = () => {
      throw new Error('probes.example.org does not answer: connect ECONNREFUSED')
    }
    expect(await whyOf({ [PATH]: down })).toMatch(/does not answer: connect ECONNREFUSED/)
  })
})
