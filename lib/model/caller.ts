// Finds the caller of a request (an IPv4 address or an IPv6 /64) and the caller's network. Budgets and holds limit both.

import * as z from 'zod'
import { printable } from './text.ts'

interface Address {
  /** 32 or 128 */
  readonly bits: number
  readonly value: bigint
}

interface Network extends Address {
  /** leading bits that all of its addresses share */
  readonly prefix: number
}

/** `undefined`: not an IP address. An IPv4-mapped IPv6 address counts as IPv4. Ignores a zone. */
function addressOf(text: string): Address | undefined {
  const plain = text.trim().replace(/%.*$/s, '')
  if (z.regexes.ipv4.test(plain)) return { bits: 32, value: joined(plain.split('.').map(Number), 8) }
  const groups = groupsOf(plain)
  if (groups === undefined) return undefined
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return isMapped
    ? { bits: 32, value: joined(groups.slice(6), 16) }
    : { bits: 128, value: joined(groups, 16) }
}

/** The eight groups of an IPv6 address. URL writes them in hexadecimal, with at most one `::`. */
function groupsOf(address: string): number[] | undefined {
  const url = `http://[${address}]`
  if (!/^[0-9A-Fa-f:.]+$/.test(address) || !URL.canParse(url)) return undefined
  const sides = new URL(url).hostname.slice(1, -1).split('::')
  const [left = [], right = []] = sides.map((side) =>
    side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16)),
  )
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}

/**
 * The address in CloudFront's `address:port`. An IPv6 address has no brackets there, so the port follows the last
 * colon; brackets are accepted as well. `undefined`: anything else.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
 */
export function viewerAddress(text: string): string | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Fa-f:.]+)):(\d{1,5})$/.exec(text) ?? []
  const address = bracketed ?? plain
  if (address === undefined || Number(port) > 65_535) return undefined
  return addressOf(address) === undefined ? undefined : address
}

const joined = (parts: readonly number[], bits: number): bigint =>
  parts.reduce((value, part) => (value << BigInt(bits)) | BigInt(part), 0n)

/** `undefined`: neither an address nor a network in CIDR notation (RFC 4632, RFC 4291). */
function cidrOf(text: string): Network | undefined {
  const [, host = '', length] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const address = addressOf(host)
  if (address === undefined) return undefined
  const prefix = length === undefined ? address.bits : Number(length)
  return prefix <= address.bits ? { ...address, prefix } : undefined
}

const holds = ({ bits, value, prefix }: Network, address: Address): boolean =>
  address.bits === bits && (address.value ^ value) >> BigInt(bits - prefix) === 0n

export const isCidr = (text: string): boolean => cidrOf(text) !== undefined

/** An IPv4 address, or the /64 of an IPv6 address, because providers give each subscriber a /64. */
export function callerName(text: string): string {
  const address = addressOf(text)
  if (address === undefined) return printable(text, 64) || 'unknown'
  if (address.bits === 32) return quad(address.value)
  return `${hextets(address.value, 4)}::/64`
}

/** The IPv4 /24 or IPv6 /48 of a caller, because one organisation often has such a block. */
export function networkOf(caller: string): string {
  const address = addressOf(caller.replace(/\/64$/, ''))
  if (address === undefined) return caller
  return address.bits === 32 ? `${quad((address.value >> 8n) << 8n)}/24` : `${hextets(address.value, 3)}::/48`
}

const quad = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.')

/** The first groups of an IPv6 address. */
const hextets = (value: bigint, count: number): string =>
  Array.from({ length: count }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':')

/**
 * Finds the caller of a connection from `peer`. `forwarded`: the addresses in X-Forwarded-For; each proxy appends its peer's
 * address. Reads them from the right and stops at the first address that is not one of the operator's proxies, because that
 * host may have forged the addresses before it.
 */
export function callerBehind(proxies: readonly string[], peer: string, forwarded: readonly string[]): string {
  const trusted = proxies.flatMap((text) => cidrOf(text) ?? [])
  let last = peer
  for (const hop of [peer, ...forwarded.toReversed()]) {
    const address = addressOf(hop)
    if (address === undefined) return callerName(last)
    last = hop
    if (!trusted.some((network) => holds(network, address))) return callerName(hop)
  }
  return callerName(last)
}
