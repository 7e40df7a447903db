// Requests a known probe as a host does, and verifies the answer's digest, signature and statement.

import * as z from 'zod'
import { readCertificates } from '../formats/openpgp/certificates.ts'
import { readSignatures, type Signature } from '../formats/openpgp/signature.ts'
import { type Believed, check } from '../formats/openpgp/verify.ts'
import { sha256 } from '../model/digest.ts'
import { faultOf } from '../model/fault.ts'
import { PUBLIC_KEY_OBJECT } from '../model/keys.ts'
import { jsonOf, parseOwn } from '../model/parse.ts'
import type { Clock } from '../model/ports.ts'
import type { Probe } from '../model/probe.ts'
import { parseProbe } from '../names/grammar.ts'
import { NOTATION } from '../signing/statement.ts'

export interface Reply {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
}

export interface HostPorts {
  /** Follows no redirects. Rejects with a human-readable Error if the answer is not complete within `milliseconds`. */
  readonly get: (url: string, milliseconds: number) => Promise<Reply>
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly now: Clock
}

export type Found =
  | { readonly tag: 'good'; readonly sha256: string; readonly bytes: number }
  /** `why`: one line, without the secrets of URLs */
  | { readonly tag: 'bad'; readonly why: string }

/** The `--retry-max-time` of the loaders of Falco 0.34 to 0.36. */
export const PATIENCE_MS = 120_000
/** falcoctl follows at most this many redirects. */
const MOST_REDIRECTS = 10
/** The probe is being built. This is a failure only after `PATIENCE_MS`. */
const NOT_YET = 503

/** `registry`: address without a final slash. `path`: of a probe there. Any failure is `bad`, even a missing answer. */
export async function askAsHost(ports: HostPorts, registry: string, path: string): Promise<Found> {
  const until = ports.now() + PATIENCE_MS
  const got = (of: string) => fetched(ports, registry, of, until)
  try {
    const { asked } = parseProbe(path)
    const probe = await got(path)
    const digest = sha256(probe)
    expectRecord(await got(`${path}.json`), digest)
    const armored = await got(`${path}.asc`)
    const certificates = readCertificates(await got(`/${PUBLIC_KEY_OBJECT}`))
    const signatures = readSignatures(armored)
    expectSigned(probe, signatures, { certificates, now: ports.now(), strict: true })
    expectStated(signatures, asked)
    return { tag: 'good', sha256: digest, bytes: probe.length }
  } catch (error) {
    return { tag: 'bad', why: faultOf(error) }
  }
}

/** Works like `curl -L --retry`: follows redirects, and tries again after Retry-After if the time suffices. */
async function fetched(ports: HostPorts, registry: string, path: string, until: number): Promise<Uint8Array> {
  for (;;) {
    const reply = await followed(ports, registry + path, until)
    if (reply.status === 200) return reply.body
    const seconds = Number(reply.header('retry-after'))
    const isNotYet = reply.status === NOT_YET && seconds > 0
    if (!isNotYet || ports.now() + seconds * 1000 >= until) throw new Error(`${path}: ${answerOf(reply)}`)
    await ports.sleep(seconds * 1000)
  }
}

async function followed({ get, now }: HostPorts, url: string, until: number): Promise<Reply> {
  let at = url
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const left = until - now()
    if (left <= 0) throw new Error(`${url} was not there within ${PATIENCE_MS / 1000} s`)
    const reply = await get(at, left)
    const location = reply.header('location')
    if (reply.status < 300 || reply.status > 399 || location === undefined) return reply
    at = new URL(location, at).href
  }
  throw new Error(`${url} is redirected more than ${MOST_REDIRECTS} times`)
}

/** Quotes only the registry's problem documents, because other answers may contain the secrets of URLs. */
function answerOf({ status, header, body }: Reply): string {
  const isProblem = header('content-type')?.startsWith('application/problem+json') === true
  const detail = isProblem ? detailIn(Buffer.from(body).toString()) : undefined
  return `the answer is ${status}${detail === undefined ? '' : `, ${detail}`}`
}

/** A gateway may cut a body off: the status must be reported all the same. */
function detailIn(problem: string): string | undefined {
  try {
    return problemSchema.parse(JSON.parse(problem)).detail
  } catch {
    return undefined
  }
}
const problemSchema = z.object({ detail: z.string() })

const recordSchema = z.object({ state: z.literal('published'), sha256: z.string() })

function expectRecord(body: Uint8Array, digest: string): void {
  const what = "the probe's .json"
  const json = jsonOf(Buffer.from(body).toString(), what, '')
  const record = parseOwn(recordSchema, json, what, 'is it published?')
  if (record.sha256 !== digest)
    throw new Error(`the received bytes have the sha256 ${digest}, and ${what} has ${record.sha256}`)
}

function expectSigned(probe: Uint8Array, signatures: readonly Signature[], keys: Believed): void {
  const verdict = check(signatures, [probe], keys)
  if (verdict.tag === 'refused')
    throw new Error(`the signature does not verify with the registry's public key: ${verdict.why}`)
}

/** Refuses a genuine signature that was made for another probe. */
function expectStated(signatures: readonly Signature[], asked: Probe): void {
  const notations = signatures.flatMap((signature) => signature.notations)
  const stated = notations.flatMap(({ name, value }) => (name === NOTATION ? [value] : []))
  const missing = partsOf(asked).find((part) => !stated.includes(part))
  if (missing !== undefined)
    throw new Error(`the signature is of another probe: it does not state ${missing.slice(1)}`)
}

/** Parts of the statement that follow from the name. */
const partsOf = ({ driverName, driverVersion, kind, arch, kernelRelease }: Probe): string[] => [
  '!statement=1',
  `!driver-name=${driverName}`,
  `!driver-version=${driverVersion}`,
  `!kind=${kind}`,
  `!arch=${arch}`,
  `!kernel-release=${kernelRelease}`,
]
