// IP addresses as numbers, and blocks of them.

import { isIPv4, isIPv6 } from 'node:net'

export interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** `undefined` for what is no address. */
export function address(text: string): Address | undefined {
  if (isIPv4(text)) return { bits: 32, value: joined(text.split('.').map(Number), 8n) }
  // An address of IPv6 with dots or a zone is plain text to EventBridge.
  if (isIPv6(text) && /^[\da-fA-F:]+$/.test(text)) return { bits: 128, value: joined(groups(text), 16n) }
  return undefined
}

const joined = (parts: readonly number[], width: bigint): bigint =>
  parts.reduce((sum, part) => (sum << width) | BigInt(part), 0n)

/** The eight of them: `::` stands for as many zeros as are missing. */
function groups(text: string): readonly number[] {
  const [before = [], after = []] = text
    .split('::')
    .map((side) => (side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16))))
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/** Of `10.0.0.0/24`; `undefined` when it is no block, or one of a single address, which EventBridge refuses. */
export function block(cidr: string): ((inside: Address) => boolean) | undefined {
  const [, text = '', mask] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? []
  const network = address(text)
  if (network === undefined || Number(mask) >= network.bits) return undefined
  const free = BigInt(network.bits - Number(mask))
  return ({ bits, value }) => bits === network.bits && value >> free === network.value >> free
}
