// Protects the public port from web pages. A browser lets a page of any origin send requests to this machine. If a host name of
// the page resolves to this machine (DNS rebinding), the page can read the responses, too. Such requests are refused here.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Problem, problemAnswer } from './problem.ts'
import type { Service } from './types.ts'

export interface Place {
  /** address that the port listens on */
  readonly host: string
  readonly port: number
  /** beginning of links: the registry's URL for its clients */
  readonly publicUrl: string
  /** what to do about an unknown name, for the error; default: that of the public port */
  readonly remedy?: string
  /** called for each refusal */
  readonly onRefusal?: (status: number) => void
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1']
const ANY = ['0.0.0.0', '::']
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/** Refuses requests with an unknown host name or from another origin's page, before any work is done. */
export function behindDoor(service: Service, place: Place): Service {
  const urls = urlsOf(place)
  const hosts = new Set(urls.flatMap(writtenHosts))
  const origins = new Set(urls.map(({ origin }) => origin))
  return async (request, response) => {
    const { method = '', headers } = request
    const refusal = !isNamed(headers, hosts)
      ? misdirected(place)
      : isForeign(method, headers, origins)
        ? FOREIGN
        : undefined
    if (refusal === undefined) return service(request, response)
    place.onRefusal?.(refusal.status)
    refuse(request, response, refusal)
  }
}

const OF_PUBLIC_URL = 'start the registry with PUBLIC_URL set to the URL by which its clients know it'

/** All URLs of the place, with the addresses that the machine has now. */
function urlsOf({ host, port, publicUrl }: Place): URL[] {
  const own = ANY.includes(host) ? addresses() : [host]
  return [
    ...[...LOOPBACK, ...own].map((name) => new URL(`http://${bracketed(name)}:${port}`)),
    new URL(publicUrl),
  ]
}

/** A link-local listening address may contain its interface, e.g. `fe80::1%eth0`; clients never send that. */
const bracketed = (name: string): string => (isIPv6(name) ? `[${name.replace(/%.*/, '')}]` : name)

const addresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))

/** A scheme's default port is optional in a Host header. */
const writtenHosts = ({ host, port, protocol }: URL): string[] =>
  port === '' ? [host, `${host}:${DEFAULT_PORTS[protocol]}`] : [host]

/** Every browser sends a Host. Node refuses HTTP/1.1 without one; HTTP/1.0 may leave it out. */
const isNamed = ({ host }: IncomingHttpHeaders, hosts: ReadonlySet<string>): boolean =>
  host === undefined || hosts.has(host.toLowerCase())

/**
 * A page of another origin may only link here. If it could embed a probe's URL as an image or a frame, it would start builds.
 * Clients that are not browsers send none of these headers.
 */
function isForeign(method: string, headers: IncomingHttpHeaders, origins: ReadonlySet<string>): boolean {
  if (headers.origin !== undefined && !origins.has(headers.origin)) return true
  const site = headers['sec-fetch-site']
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return (site === 'cross-site' || site === 'same-site') && !(method === 'GET' && isLink)
}

const misdirected = ({ publicUrl, remedy = OF_PUBLIC_URL }: Place): Problem => ({
  status: 421,
  code: 'unknown-host',
  title: 'this registry does not have that name',
  detail: `ask for ${publicUrl}, or ${remedy}`,
})

const FOREIGN: Problem = {
  status: 403,
  code: 'foreign-origin',
  title: 'asked for by a page of another origin',
  detail: 'open the URL itself, or ask without a browser',
}

function refuse({ method }: IncomingMessage, response: ServerResponse, problem: Problem): void {
  const { status, headers, body } = problemAnswer(problem)
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.end(method === 'HEAD' ? undefined : body)
}
