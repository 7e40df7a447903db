// The way to a place: straight, or through the operator's proxy; and what to do where it leads nowhere.

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type RequestOptions } from 'node:https'
import { createSecureContext, getCACertificates } from 'node:tls'
import { NETWORK, type NetworkSettings } from '../model/network.ts'
import { withoutSecrets } from '../model/places.ts'
import { checkLiteral, NotPublicError, publicLookup } from './public-addresses.ts'

export interface Way {
  /** of the request */
  readonly options: RequestOptions
  /** Why the place was not reached, in words for a person. */
  reason(cause: unknown): string
  /** The same of an answer that may be the proxy's own; `undefined`: it is the place's. */
  refusal(status: number): string | undefined
}

/**
 * `named`: by the operator, and so at whatever address. Any other place is asked for only at a public address: behind the
 * proxy, which looks names up for itself, by its name. Throws NotPublicError.
 */
export type Ways = (place: URL, named: boolean) => Way

/** `timeoutMs`: of whoever waits for a proxy that says nothing. */
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
    // A connection of its own: one that stands open was made without the look at its address.
    const own = named ? (isHttps ? straight : {}) : { agent: false, lookup: publicLookup, ...trusted }
    return { options: own, reason: (cause) => reasonOf(cause, ca), refusal: () => undefined }
  }
}

/** Those that every Node believes, and the operator's. */
const trusting = (ca: readonly string[]) =>
  createSecureContext({ ca: [...getCACertificates('default'), ...ca] })

/** Idle connections end before a server ends them. */
const LIKE_THE_GLOBAL_ONE = { keepAlive: true, timeout: 5000 }

/**
 * Node's own: a tunnel for https, the whole URL for http. A connection for each request: nobody knows when a proxy ends one
 * that is idle.
 */
function agentsThrough(proxy: string, timeout: number, trusted: object) {
  const options = { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }, timeout }
  return { http: new HttpAgent(options), https: new HttpsAgent({ ...options, ...trusted }) }
}

/** This machine, and what the operator names. */
const isDirect = (host: string, direct: readonly string[]): boolean =>
  /^(?:localhost|.+\.localhost|127\..*|\[::1\])$/.test(host) ||
  direct.some((one) => host === one || (one.startsWith('.') && host.endsWith(one)))

/** Names that are of a network's own by their form (RFC 6761, 6762, 8375, ICANN's `internal`, and what companies use). */
const OWN_NAMES = /^[^.]*\.?$|\.(?:localhost|local|internal|home\.arpa|lan|intranet|corp|home)\.?$/

function checkName(hostname: string): void {
  if (!hostname.startsWith('[') && OWN_NAMES.test(hostname))
    throw new NotPublicError(hostname, 'a name of its own network')
}

function wordsThrough(proxy: string, ca: readonly string[], isHttps: boolean): Omit<Way, 'options'> {
  const name = `the proxy ${withoutSecrets(proxy).replace(/\/$/, '')} (network.proxy of the settings)`
  const refused = (status: number): string =>
    status === 407
      ? `${name} answers 407: it wants a name and a password, or others than network.proxy has`
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
    // Of http, nobody but the proxy can say who has answered.
    refusal: (status) =>
      status === 407 || (!isHttps && REFUSALS.includes(status)) ? refused(status) : undefined,
  }
}

/** Forbidden; no way to the place. */
const REFUSALS = [403, 502, 503, 504]

const reasonOf = (cause: unknown, ca: readonly string[]): string =>
  isOfCertificate(cause) ? `${codeOf(cause)}: ${certificateHint(ca)}` : messageOf(cause)

/** What went wrong, and why that did. */
export function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ')
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message
}

/** Of OpenSSL's verification, by the names that Node gives them. */
const UNTRUSTED =
  /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_SELF_SIGNED|CERT_|INVALID_CA|PATH_LENGTH_|ERR_TLS_CERT_ALTNAME)/

const isOfCertificate = (cause: unknown): boolean => UNTRUSTED.test(codeOf(cause))

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''

const certificateHint = (ca: readonly string[]): string =>
  ca.length === 0
    ? 'its certificate is not by an authority that is believed here. Name the certificate of your own in network.ca of the settings'
    : 'its certificate is neither by a public authority nor by one of network.ca of the settings. Is the right one named there, and has it not expired?'
