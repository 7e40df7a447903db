// Distinguishes public addresses from those of this machine, its networks and its cloud.

import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** RFC 6890 and its registries: loopback, private, shared, link-local (clouds serve credentials there), multicast. */
const NOT_PUBLIC_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
]

/** `::/96` contains the unspecified and the loopback address; `fc00::/7` contains private addresses and AWS's own services. */
const NOT_PUBLIC_IPV6 = [
  ...['::/96', '64:ff9b:1::/48', '100::/64', '2001::/32', '2001:db8::/32', '2002::/16'],
  ...['fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]

/** Prefix of IPv6 addresses that contain IPv4 ones. BlockList itself handles the other prefix, `::ffff:`. */
const NAT64 = '64:ff9b::'

const notPublic = new BlockList()
for (const network of NOT_PUBLIC_IPV4) {
  const [net = '', prefix] = network.split('/')
  notPublic.addSubnet(net, Number(prefix), 'ipv4')
  notPublic.addSubnet(`${NAT64}${net}`, 96 + Number(prefix), 'ipv6')
}
for (const network of NOT_PUBLIC_IPV6) {
  const [net = '', prefix] = network.split('/')
  notPublic.addSubnet(net, Number(prefix), 'ipv6')
}

/** `address`: without brackets. Ignores a zone. */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/s, '')
  const family = isIP(plain)
  return family !== 0 && !notPublic.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** A redirect was not followed, because the host's address is not public. */
export class NotPublicError extends Error {
  constructor(host: string, address: string) {
    super(
      `it redirects, and ${host} is ${address}, which is not a public address: only places that the settings name may be there`,
    )
    this.name = 'NotPublicError'
  }
}

/** Checks a host name that is an address. `publicLookup` does not run for such a host. @throws {NotPublicError} */
export function checkLiteral(hostname: string): void {
  const address = hostname.replace(/^\[(.*)\]$/s, '$1')
  if (isIP(address) !== 0 && !isPublicAddress(address)) throw new NotPublicError(hostname, address)
}

/** Use this as the lookup of the connection itself, so that it connects to the address that was checked. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) return callback(error, [])
    const bad = found.find(({ address }) => !isPublicAddress(address))
    if (bad !== undefined) return callback(new NotPublicError(hostname, bad.address), [])
    const [first] = found
    if (options.all === true || first === undefined) return callback(null, found)
    callback(null, first.address, first.family)
  })
}
