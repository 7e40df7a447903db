// Chooses how to connect to a host, directly or through the operator's proxy, and explains failures.

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type RequestOptions } from 'node:https'
import { createSecureContext, getCACertificates } from 'node:tls'
import { codeOf } from '../model/errors.ts'
import { NETWORK, type NetworkSettings } from '../model/network.ts'
import { withoutSecrets } from '../model/places.ts'
import { checkLiteral, NotPublicError, publicLookup } from './public-addresses.ts'

export interface Way {
  /** options of the request */
  readonly options: RequestOptions
  /** Human-readable: why the host was not reached, and what to do. */
  reason(cause: unknown): string
  /** The same if the proxy itself gave the answer; `undefined`: the host gave it. */
  refusal(status: number): string | undefined
}

/**
 * `named`: the operator named the host, so it may have any address. Any other host needs a public address. A proxy resolves names
 * itself, so for a proxy only the name is checked.
 * @throws {NotPublicError}
 */
export type Ways = (place: URL, named: boolean) => Way

/** `timeoutMs`: how long to wait for a silent proxy. */
export function waysBy(network: NetworkSettings = NETWORK, timeoutMs: number): Ways {
  const { proxy, direct, ca } = network
  const trusted = ca.length === 0 ? {} : { secureContext: trusting(ca) }
  const straight = ca.length === 0 ? {} : { agent: new HttpsAgent({ ...trusted, ...LIKE_THE_GLOBAL_ONE }) }
  const through = proxy === undefined ? undefined : agentsThrough(proxy, timeoutMs, trusted)
  return (place, named) => {
    if (!named) checkLiteral(place.hostname)
    const isHttps = place.protocol === 'https:'
    if (proxy !== undefined && through !== undefined && !isDirect(place.hostname, direct)) {
      if (!named) checkName(place.hostname)
      return { options: { agent: through[isHttps ? 'https' : 'http'] }, ...wordsThrough(proxy, ca, isHttps) }
    }
    // Hosts that the operator did not name get a new connection, because the address of an open one was not checked.
    const own = named ? (isHttps ? straight : {}) : { agent: false, lookup: publicLookup, ...trusted }
    return { options: own, reason: (cause) => reasonOf(cause, ca), refusal: () => undefined }
  }
}

/** Trusts Node's default certificates and the operator's. */
const trusting = (ca: readonly string[]) =>
  createSecureContext({ ca: [...getCACertificates('default'), ...ca] })

/** The options of Node's global agent: it closes idle connections after five seconds, before servers do. */
const LIKE_THE_GLOBAL_ONE = { keepAlive: true, timeout: 5000 }

/** They use a tunnel for https. Each request gets its own connection, because proxies close idle ones at unknown times. */
function agentsThrough(proxy: string, timeout: number, trusted: object) {
  const options = { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }, timeout }
  return { http: new HttpAgent(options), https: new HttpsAgent({ ...options, ...trusted }) }
}

/** True for this machine, and for hosts that the operator lists in `network.direct`. */
const isDirect = (host: string, direct: readonly string[]): boolean =>
  /^(?:localhost|.+\.localhost|127\..*|\[::1\])$/.test(host) ||
  direct.some((one) => host === one || (one.startsWith('.') && host.endsWith(one)))

/** Names of private networks: RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`, and endings that companies often use. */
const OWN_NAMES = /^[^.]*\.?$|\.(?:localhost|local|internal|home\.arpa|lan|intranet|corp|home)\.?$/

function checkName(hostname: string): void {
  if (!hostname.startsWith('[') && OWN_NAMES.test(hostname))
    throw new NotPublicError(hostname, 'a name of its own network')
}

function wordsThrough(proxy: string, ca: readonly string[], isHttps: boolean): Omit<Way, 'options'> {
  const name = `the proxy ${withoutSecrets(proxy).replace(/\/$/, '')} (network.proxy of the settings)`
  const refused = (status: number): string =>
    status === 407
      ? `${name} answers 407: it wants a name and a password, or other ones than network.proxy has`
      : `${name} answers ${status}: let it allow this place, or name the place's host in network.direct`
  return {
    reason: (cause) => {
      if (codeOf(cause) === 'ERR_PROXY_TUNNEL') {
        const { statusCode } = cause as { readonly statusCode?: number }
        return statusCode
          ? refused(statusCode)
          : `${name} makes no connection: is it a proxy, and does it answer?`
      }
      if (isOfCertificate(cause)) return reasonOf(cause, ca)
      return `${name} cannot be used: ${reasonOf(cause, ca)}. Is it up, and may this machine reach it?`
    },
    // Over http, the proxy's own answer looks like the host's.
    refusal: (status) =>
      status === 407 || (!isHttps && REFUSALS.includes(status)) ? refused(status) : undefined,
  }
}

const REFUSALS = [403, 502, 503, 504]

const reasonOf = (cause: unknown, ca: readonly string[]): string =>
  isOfCertificate(cause) ? `${codeOf(cause)}: ${certificateHint(ca)}` : messageOf(cause)

/** The error's message, and its cause's. */
export function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ')
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message
}

/** Node's codes for OpenSSL's verification errors. */
const UNTRUSTED =
  /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_SELF_SIGNED|CERT_|INVALID_CA|PATH_LENGTH_|ERR_TLS_CERT_ALTNAME)/

const isOfCertificate = (cause: unknown): boolean => UNTRUSTED.test(codeOf(cause))

const certificateHint = (ca: readonly string[]): string =>
  ca.length === 0
    ? 'no trusted authority signed its certificate. Name the certificate of your own authority in network.ca of the settings'
    : 'neither a public authority nor one of network.ca of the settings signed its certificate. Is the right one named there, and has it not expired?'
