// Parses IP addresses and CIDR blocks as numbers.

import { isIPv4, isIPv6 } from 'node:net'

export interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** `undefined` if the text is not an IP address. */
export function address(text: string): Address | undefined {
  if (isIPv4(text)) return { bits: 32, value: joined(text.split('.').map(Number), 8n) }
  // EventBridge treats an IPv6 address with dots or a zone as plain text.
  if (isIPv6(text) && /^[\da-fA-F:]+$/.test(text)) return { bits: 128, value: joined(groups(text), 16n) }
  return undefined
}

const joined = (parts: readonly number[], width: bigint): bigint =>
  parts.reduce((sum, part) => (sum << width) | BigInt(part), 0n)

/** The eight groups of an IPv6 address; `::` replaces all missing groups, which are zero. */
function groups(text: string): readonly number[] {
  const [before = [], after = []] = text
    .split('::')
    .map((side) => (side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16))))
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/** Parses a block like `10.0.0.0/24`; `undefined` if it is invalid or a single address, which EventBridge refuses. */
export function block(cidr: string): ((inside: Address) => boolean) | undefined {
  const [, text = '', mask] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? []
  const network = address(text)
  if (network === undefined || Number(mask) >= network.bits) return undefined
  const free = BigInt(network.bits - Number(mask))
  return ({ bits, value }) => bits === network.bits && value >> free === network.value >> free
}
