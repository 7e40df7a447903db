import { isIP, isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { callerBehind, callerName, isCidr, networkOf, viewerAddress } from '../../../lib/model/caller.ts'

const address = fc.oneof(fc.ipV4(), fc.ipV6())

describe('a caller', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7', '203.0.113.0/24'],
    ['::ffff:203.0.113.7', '203.0.113.7', '203.0.113.0/24'],
    ['::FFFF:cb00:7107', '203.0.113.7', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:0db8::1', '2001:db8:0:0::/64', '2001:db8:0::/48'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64', '64:ff9b:0::/48'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
    ['::', '0:0:0:0::/64', '0:0:0::/48'],
  ])('%s counts as %s, of the network %s', (text, caller, network) => {
    expect(callerName(text)).toBe(caller)
    expect(networkOf(caller)).toBe(network)
  })

  test('is a text that can be a key, whatever is said to be an address', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(callerName(text)).toMatch(/^[\x20-\x7e]{1,64}$/)
        expect(networkOf(callerName(text))).toMatch(/^[\x20-\x7e]{1,64}$/)
      }),
    )
  })

  test('is told by an address exactly where there is one', () => {
    const nearly = fc.stringMatching(/^[0-9a-f:.]{1,24}$/)
    fc.assert(
      fc.property(fc.oneof(address, nearly), (text) => {
        expect(isCidr(text)).toBe(isIP(text) !== 0)
        if (isIPv4(text)) expect(callerName(text)).toBe(text)
        if (isIPv6(text)) expect(callerName(text)).toMatch(/^([0-9a-f]{1,4}:){4}:\/64$|^[0-9.]+$/)
      }),
    )
  })

  test.each([
    '',
    '192.0.2.1/33',
    '2001:db8::/129',
    '192.0.2.1/',
    '192.0.2/24',
    '/24',
    '0300.0.2.1',
    '1::2::3',
  ])('no proxy is named %j', (text) => expect(isCidr(text)).toBe(false))
})

describe('the viewer that CloudFront names', () => {
  const port = fc.integer({ min: 0, max: 65_535 })

  test('is all before the last colon, of whatever version', () => {
    fc.assert(
      fc.property(address, port, (text, number) => {
        expect(viewerAddress(`${text}:${number}`)).toBe(text)
      }),
    )
  })

  test.each([
    ['198.51.100.10:46532', '198.51.100.10'],
    ['2001:db8::1:46532', '2001:db8::1'],
    ['2001:db8:1:2:3:4:5:6:443', '2001:db8:1:2:3:4:5:6'],
    ['[2001:db8::1]:46532', '2001:db8::1'],
  ])('%s is %s', (text, viewer) => expect(viewerAddress(text)).toBe(viewer))

  test.each([
    '',
    '198.51.100.10',
    '198.51.100.10:',
    '198.51.100.10:65536',
    '198.51.100.10:465321',
    '198.51.100.10:443, 203.0.113.7:443',
    ' 198.51.100.10:443',
    '198.51.100.10:443\n',
    '198.51.100:443',
    '198.51.100.10:80:443',
    '[198.51.100.10:443',
    '2001:db8:1:2:3:4:5:6',
    'fe80::1%eth0:443',
    'unknown:443',
  ])('none is in %j', (text) => expect(viewerAddress(text)).toBeUndefined())
})

describe('behind proxies of the operator', () => {
  const PROXIES = ['192.0.2.0/24', '2001:db8:ffff::/48', '198.51.100.7']
  const proxy = fc.constantFrom('192.0.2.1', '192.0.2.255', '2001:db8:ffff:1::2', '198.51.100.7')
  const other = address.filter(
    (text) =>
      callerBehind(PROXIES, text, []) === callerName(text) &&
      !/^(192\.0\.2|198\.51\.100\.7$|2001:0?db8:ffff)/i.test(text),
  )
  /** what a client may have written there itself */
  const claims = fc.array(fc.oneof(address, proxy, fc.string()), { maxLength: 4 })

  test('the caller is whom the outermost of them was asked by, whatever that one claims', () => {
    fc.assert(
      fc.property(claims, other, fc.array(proxy, { maxLength: 3 }), proxy, (claimed, client, hops, peer) => {
        expect(callerBehind(PROXIES, peer, [...claimed, client, ...hops])).toBe(callerName(client))
        // API Gateway adds its own peer as well.
        expect(callerBehind(PROXIES, peer, [...claimed, client, ...hops, peer])).toBe(callerName(client))
      }),
    )
  })

  test('who is no proxy is the caller, whatever it forwards', () => {
    fc.assert(
      fc.property(claims, other, (claimed, peer) => {
        expect(callerBehind(PROXIES, peer, claimed)).toBe(callerName(peer))
        expect(callerBehind([], peer, [...claimed, peer])).toBe(callerName(peer))
      }),
    )
  })

  test('what is no address ends the way: the proxy that forwards it pays', () => {
    for (const forwarded of [
      [],
      ['unknown'],
      ['203.0.113.9', '_hidden'],
      ['203.0.113.9', '203.0.113.8:4711'],
    ])
      expect(callerBehind(PROXIES, '192.0.2.1', forwarded)).toBe('192.0.2.1')
  })

  test('a proxy that asks for itself pays for itself', () => {
    expect(callerBehind(PROXIES, '192.0.2.1', ['192.0.2.9'])).toBe('192.0.2.9')
  })
})
