import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { armor, enums, PacketList, readSignature, type SignaturePacket } from 'openpgp'
import { describe, expect, test } from 'vitest'
import { createSigner } from '../../lib/signing/signer.ts'
import { NOTATION } from '../../lib/signing/statement.ts'
import { LOADER, write } from '../support/client/host.ts'
import { bytes, newKey, problem, stall } from '../support/client/loopback.ts'
import { ASKED, expectRefused, MODULE, scene, signingKey } from '../support/client/scene.ts'
import { sh } from '../support/registry/registry.ts'

const packetOf = async (armoredSignature: string) => {
  const [packet] = (await readSignature({ armoredSignature })).packets
  if (packet === undefined) throw new Error('no signature')
  return packet
}

/** With a checksum: without one, and without padding, gpg 2.2 reads the last line as base64. */
function armored(...packets: SignaturePacket[]): string {
  const list = new PacketList<SignaturePacket>()
  list.push(...packets)
  const [part, parts, comment, checksum] = [undefined, undefined, undefined, true]
  return armor(enums.armor.signature, list.write(), part, parts, comment, checksum)
}

describe('a signature', () => {
  test('that is a signed message with its own text is refused', async () => {
    const at = await scene()
    await at.publish()
    write(at.host.dir, { private: (await signingKey()).privateKey, message: 'hello' })
    const home = join(at.host.dir, 'gnupg')
    await sh('mkdir', ['-m', '700', home])
    const gpg = ['--homedir', home, '--batch', '--quiet', '--no-tty', '--pinentry-mode', 'loopback']
    await sh('gpg', [...gpg, '--import', join(at.host.dir, 'private')])
    await sh('gpg', [
      ...gpg,
      '--armor',
      '--sign',
      '-o',
      join(at.host.dir, 'signed'),
      join(at.host.dir, 'message'),
    ])
    await sh('gpgconf', ['--homedir', home, '--kill', 'all'])
    at.registry.on(`${ASKED}.asc`, bytes(readFileSync(join(at.host.dir, 'signed'))))
    expectRefused(at, await at.load(), 6, /not signed by a key that this host trusts/)
  })

  test('of another file is refused', async () => {
    const at = await scene()
    const { sign } = createSigner(async () => (await signingKey()).privateKey, Date.now)
    await at.publish()
    at.registry.on(
      `${ASKED}.asc`,
      bytes(Buffer.from(await sign(Buffer.from('another file'), at.statementAt(ASKED)))),
    )
    expectRefused(at, await at.load(), 6, /not signed by a key that this host trusts/)
  })

  const without = (key: string) => (statement: readonly string[]) =>
    statement.filter((part) => !part.startsWith(`!${key}=`))
  const other = (key: string, value: string) => (statement: readonly string[]) =>
    statement.map((part) => (part.startsWith(`!${key}=`) ? `!${key}=${value}` : part))
  const more = (part: string) => (statement: readonly string[]) => [...statement, part]
  const SOME = 'c0ffee'.padEnd(64, '0')

  test.each([
    ['of another driver version', other('driver-version', '9.0.0+driver')],
    ['of another driver', other('driver-name', 'scap')],
    ['of the other kind', other('kind', 'ebpf')],
    ['of another machine', other('arch', 'aarch64')],
    ['of a config that somebody submitted', more(`!config-sha256=${SOME}`)],
    ['of header packages that somebody named', more(`!header-urls-sha256=${SOME}`)],
    ['of a kernel that somebody forced', more('!force=true')],
    ['with a critical part that nobody knows yet', more('!patch=1')],
    ['with a part twice', more('!kind=kmod')],
    ['in a later version of statements', other('statement', '2')],
    ['without its kind', without('kind')],
    ['without its version of statements', without('statement')],
    ['of nothing', () => []],
  ])('of the same bytes, but %s, is refused', async (_, changed) => {
    const at = await scene()
    await at.publish(ASKED, await signingKey(), changed(at.statementAt(ASKED)))
    const ran = await at.load()
    expectRefused(at, ran, 6, /is signed as another probe, so it is not kept/)
    expect(ran.stderr).toContain('This looks like an attack')
  })

  test.each([
    ['of another kernel', other('uname-release', '6.1.0-55-amd64')],
    ['of a kernel whose name goes on', other('uname-release', '6.1.0-56-amd64-2')],
    ['of another package of the same kernel', other('kernel-release', '6.1.192-1-amd64')],
    ['of another distribution', other('target', 'ubuntu-generic')],
    ['of another kernel version', other('kernel-version', '2')],
  ])('of the same bytes, but %s, is refused, and not reported as an attack', async (_, changed) => {
    const at = await scene()
    await at.publish(ASKED, await signingKey(), changed(at.statementAt(ASKED)))
    const ran = await at.load(['--download'])
    expectRefused(at, ran, 3, /The signature is good, but the probe is for another kernel than this one/)
    expect(ran.stderr).not.toContain('attack')
  })

  test('of another kernel and of the other kind at once is reported as an attack', async () => {
    const at = await scene()
    const both = other('kind', 'ebpf')(other('uname-release', '6.1.0-55-amd64')(at.statementAt(ASKED)))
    await at.publish(ASKED, await signingKey(), both)
    expectRefused(at, await at.load(), 6, /This looks like an attack/)
  })

  test('with unknown parts that are not critical is good', async () => {
    const at = await scene()
    await at.publish(ASKED, await signingKey(), [
      ...at.statementAt(ASKED),
      'root=c0ffee',
      `note=${'x'.repeat(300)}`,
    ])
    expect(await at.load()).toMatchObject({ status: 0, stderr: '' })
  })

  test('of another probe is refused with the difference', async () => {
    const at = await scene()
    await at.publish(ASKED, await signingKey(), other('kind', 'ebpf')(at.statementAt(ASKED)))
    expectRefused(at, await at.load(), 6, /It is signed for kind=ebpf\s+This host needs kind=kmod/)
  })

  test('next to another good one with a different statement is refused', async () => {
    const at = await scene()
    await at.publish()
    const { sign } = createSigner(async () => (await signingKey()).privateKey, Date.now)
    const packets = await Promise.all(
      [at.statementAt(ASKED), ['!statement=1']].map(async (of) => packetOf(await sign(MODULE, of))),
    )
    at.registry.on(`${ASKED}.asc`, bytes(armored(...packets)))
    expectRefused(at, await at.load(), 6, /not signed by a key that this host trusts/)
  })

  test('whose statement was added in its unsigned part is refused', async () => {
    const at = await scene()
    await at.publish()
    const { sign } = createSigner(async () => (await signingKey()).privateKey, Date.now)
    const packet = await packetOf(await sign(MODULE, ['!statement=1']))
    for (const value of at.statementAt(ASKED)) {
      const lengths = [NOTATION.length >> 8, NOTATION.length & 255, value.length >> 8, value.length & 255]
      // RFC 9580, 5.2.3.24: flags (human-readable), both lengths, both texts.
      packet.unhashedSubpackets.push({
        type: 20,
        critical: false,
        body: Buffer.concat([Buffer.from([0x80, 0, 0, 0, ...lengths]), Buffer.from(NOTATION + value)]),
      })
    }
    at.registry.on(`${ASKED}.asc`, bytes(armored(packet)))
    expectRefused(at, await at.load(), 6, /is signed as another probe/)
  })

  test('that is missing prevents loading, unless DRIVER_INSECURE_SKIP_VERIFY is set', async () => {
    const at = await scene()
    await at.publish()
    at.registry.routes.delete(`${ASKED}.asc`)
    expectRefused(at, await at.load(), 6, /no \.asc: HTTP 404: nothing is here/)
    const ran = await at.load([], { DRIVER_INSECURE_SKIP_VERIFY: '1' })
    expect(ran).toMatchObject({ status: 0, stderr: expect.stringContaining('NOT verified') })
  })

  test.each([
    [
      'no key',
      { FALCO_PROBES_KEY: '' },
      {},
      1,
      /this host has no key to verify with: save the registry's public key as/,
    ],
    ['a key that is not there', { FALCO_PROBES_KEY: '/nowhere' }, {}, 1, /the key \/nowhere cannot be read/],
    ['a key that is none', { FALCO_PROBES_KEY: LOADER }, {}, 6, /not signed by a key that this host trusts/],
    ['no gpgv', {}, { without: ['gpgv'] }, 1, /gpgv is not installed, so the signature cannot be verified/],
    ['no base64 for an armored key', {}, { without: ['base64'] }, 1, /no key to verify with/],
  ])('cannot be verified with %s, and nothing is loaded', async (_, env, options, exit, words) => {
    const at = await scene(options)
    await at.publish()
    expectRefused(at, await at.load([], env), exit, words)
  })

  test('may be made by any of several trusted keys, armored or binary', async () => {
    const at = await scene()
    await at.publish()
    write(at.host.dir, { 'old.asc': (await newKey('old@example.org')).publicKey.replaceAll('\n', '\r\n') })
    const body = (await signingKey()).publicKey.split('\n\n')[1]?.split('\n=')[0] ?? ''
    write(at.host.dir, { 'new.gpg': Buffer.from(body, 'base64') })
    const keys = `${join(at.host.dir, 'old.asc')} ${join(at.host.dir, 'new.gpg')}`
    expect(await at.load([], { FALCO_PROBES_KEY: keys })).toMatchObject({ status: 0 })
  })
})

describe('a registry', () => {
  test('cannot send escape sequences to the terminal', async () => {
    const at = await scene()
    at.registry.on(ASKED, problem(404, 'unknown-driver-version', 'no \u001b[2J\u009b driver "9.1"\nuse 9.2'))
    const ran = await at.load(['--download'])
    expectRefused(at, ran, 3, /no .*driver "9\.1"\nuse 9\.2/)
    expect(ran.stderr).toMatch(/^[\x20-\x7e\n]+$/)
  })

  test.each([
    [400, 'malformed', 3],
    [410, 'revoked', 3],
    [429, 'budget-spent', 8],
    [500, 'internal-error', 2],
  ])('that answers %i is quoted, and gets no config', async (status, code, exit) => {
    const at = await scene({ files: { 'boot/config-6.1.0-56-amd64': 'CONFIG_X=y\n' } })
    at.registry.on(ASKED, problem(status, code, 'these are its words', { 'retry-after': '999' }))
    expectRefused(at, await at.load(), exit, new RegExp(`HTTP ${status}: these are its words`))
    expect(at.registry.asked.filter(({ method }) => method === 'POST')).toEqual([])
  })

  test('answers a failed build with a reason, which the loader reads from .json for busybox wget', async () => {
    const at = await scene({ http: 'busybox wget' })
    at.registry.on(ASKED, problem(404, 'compile-error', 'unheard'))
    at.registry.on(
      `${ASKED}.json`,
      bytes(JSON.stringify({ state: 'failed', detail: 'probe.c:3: error: no' }, null, 2)),
    )
    expectRefused(at, await at.load(['--download']), 3, /HTTP 404: probe\.c:3: error: no/)
  })

  test('that is too slow is cut off and tried again', async () => {
    const at = await scene()
    at.registry.on(ASKED, stall, problem(404, 'not-built', 'no'))
    expectRefused(
      at,
      await at.load(['--download'], { DRIVER_MAX_SECONDS: '1' }),
      3,
      /broke off: .*timed out.*next try in 2 s/,
    )
  })

  test('without the probe is followed by the next one of the list', async () => {
    const at = await scene()
    await at.publish()
    const list = `ftp://x/, ${at.registry.url}/empty/driver/,http://user:secret@127.0.0.1:1/driver ${at.registry.url}/driver/`
    const ran = await at.load(['--download'], { DRIVERS_REPO: list })
    expect(ran).toMatchObject({ status: 0 })
    expect(ran.stderr).toMatch(/ftp:\/\/x\/ is not an http or https URL/)
    expect(ran.stdout + ran.stderr).not.toContain('secret')
  }, 30_000)
})
