// Who asks, as budgets and holds count it: an IPv4 address or an IPv6 /64, and the network around it.

import { printable } from './text.ts'

interface Address {
  /** 32 or 128 */
  readonly bits: number
  readonly value: bigint
}

interface Network extends Address {
  /** leading bits that all of its addresses have in common */
  readonly prefix: number
}

/** `undefined` for what is no IP address. An IPv4 address that is written as an IPv6 one is an IPv4 address. */
function addressOf(text: string): Address | undefined {
  const plain = text.trim().replace(/%[^%]*$/, '')
  const bytes = bytesOf(plain)
  if (bytes !== undefined) return { bits: 32, value: joined(bytes, 8) }
  const groups = groupsOf(plain)
  if (groups === undefined) return undefined
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return mapped ? { bits: 32, value: joined(groups.slice(6), 16) } : { bits: 128, value: joined(groups, 16) }
}

/**
 * The address in CloudFront's `address:port`. An IPv6 address has no brackets there, so the port is what follows the last
 * colon; brackets are understood as well. `undefined` for anything else.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
 */
export function viewerAddress(text: string): string | undefined {
  const { bracketed, plain, port } =
    /^(?:\[(?<bracketed>[0-9A-Fa-f:.]+)\]|(?<plain>[0-9A-Fa-f:.]+)):(?<port>\d{1,5})$/.exec(text)?.groups ??
    {}
  const address = bracketed ?? plain
  if (address === undefined || Number(port) > 65_535) return undefined
  return addressOf(address) === undefined ? undefined : address
}

const joined = (parts: readonly number[], bits: number): bigint =>
  parts.reduce((value, part) => (value << BigInt(bits)) | BigInt(part), 0n)

/** The four bytes of an IPv4 address; a number with a zero before it is octal to some. */
function bytesOf(text: string): number[] | undefined {
  const parts = text.split('.')
  const ok =
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return ok ? parts.map(Number) : undefined
}

/** The eight groups of an IPv6 address, however it is written: RFC 4291, section 2.2. */
function groupsOf(text: string): number[] | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const left = partsOf(head, tail === undefined)
  const right = tail === undefined ? [] : partsOf(tail, true)
  if (left === undefined || right === undefined) return undefined
  const zeros = 8 - left.length - right.length
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined
  return [...left, ...Array<number>(zeros).fill(0), ...right]
}

/** The groups on one side of `::`; the last of an address may be an IPv4 address. */
function partsOf(text: string, last: boolean): number[] | undefined {
  const parts = text === '' ? [] : text.split(':')
  const quad = last ? bytesOf(parts.at(-1) ?? '') : undefined
  const plain = quad === undefined ? parts : parts.slice(0, -1)
  if (!plain.every((part) => /^[0-9A-Fa-f]{1,4}$/.test(part))) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = quad ?? []
  const groups = plain.map((part) => Number.parseInt(part, 16))
  return quad === undefined ? groups : [...groups, a * 256 + b, c * 256 + d]
}

/** `undefined` for what is neither an address nor a network in the notation of CIDR (RFC 4632, RFC 4291). */
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

/** What counts as one caller: an IPv4 address, or the /64 of an IPv6 one, which is what one subscriber gets. */
export function callerName(text: string): string {
  const address = addressOf(text)
  if (address === undefined) return printable(text, 64) || 'unknown'
  if (address.bits === 32) return quad(address.value)
  return `${hextets(address.value, 4)}::/64`
}

/** The /24 or /48 of a caller, which is what one organisation gets. */
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
 * The caller of a connection from `peer`. `forwarded`: X-Forwarded-For, to which each proxy has added at its end the
 * address that it was asked from; so it is read from the right, and no further than to the first that is no proxy of
 * the operator's: what stands left of it is that one's own claim.
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
