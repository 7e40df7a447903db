// A stand-in for Debian's archive and for its snapshot service, on loopback: both have the layout of the real ones, and keys
// of the test sign their lists.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCleartextMessage, generateKey, type PrivateKey, reformatKey, sign } from 'openpgp'

export interface ArchiveKey {
  /** armored */
  readonly publicKey: string
  readonly privateKey: PrivateKey
}

/** `expires`: the end of the public key in milliseconds since the epoch; the private key can sign after that. */
export async function archiveKey(created: number, expires?: number): Promise<ArchiveKey> {
  const own = { userIDs: { name: 'Archive' }, format: 'object', date: new Date(created) } as const
  const { privateKey, publicKey } = await generateKey({ type: 'rsa', rsaBits: 2048, ...own })
  if (expires === undefined) return { publicKey: publicKey.armor(), privateKey }
  const expiring = await reformatKey({ privateKey, ...own, keyExpirationTime: (expires - created) / 1000 })
  return { publicKey: expiring.publicKey.armor(), privateKey }
}

/** A package of a list. */
export interface Deb {
  readonly name: string
  readonly version: string
  readonly depends?: string
  /** `all` for both */
  readonly arch?: 'amd64' | 'arm64' | 'all'
}

interface SuiteState {
  /** `debian`, `debian-security` */
  readonly archive: string
  /** its place below `dists/` */
  readonly suite: string
  /** where that is not `suite` */
  readonly codename?: string
  /** of the list; a snapshot has it from then on */
  readonly date: number
  readonly validUntil?: number
  readonly debs: readonly Deb[]
  readonly key: ArchiveKey
}

/** The service's data about a binary package. */
export interface Seen extends Deb {
  readonly source?: string
  readonly archive: string
  readonly firstSeen: number
}

export interface ArchiveStandIn {
  readonly url: string
  /** requested paths, in order */
  readonly asked: string[]
  /** maximum number of requests that were open at one time */
  mostAtOnce(): number
  /** As the archive has it from now on, and a snapshot from its date on. */
  add(state: SuiteState): Promise<void>
  see(...packages: Seen[]): void
  /** Handles each request first. Returns true if it has answered. */
  answer: (path: string, response: ServerResponse) => boolean
  close(): Promise<void>
}

/** An empty .deb (ar(5)) with unique bytes. */
export const bytesOf = ({ name, version }: Deb): Buffer =>
  Buffer.concat([
    Buffer.from('!<arch>\n'),
    member('about', Buffer.from(`${name} ${version}`.padEnd(200))),
    member('data.tar', Buffer.alloc(1024)),
  ])

const member = (name: string, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${name.padEnd(48)}${`${body.length}`.padEnd(10)}\`\n`), body])

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** `20230610T120000Z` */
export const stampOf = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
const timeOf = (stamp: string): number =>
  Date.parse(stamp.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))

const fileOf = ({ name, version, arch = 'amd64' }: Deb): string => `${name}_${version}_${arch}.deb`
const poolOf = (deb: Deb): string => `pool/main/l/linux/${fileOf(deb)}`

interface Written {
  readonly state: SuiteState
  /** by its path below `dists/{suite}/` */
  readonly files: ReadonlyMap<string, Buffer>
}

async function write(state: SuiteState): Promise<Written> {
  const lists = (['amd64', 'arm64'] as const).map((arch): [string, Buffer] => {
    const text = state.debs.filter((deb) => [arch, 'all'].includes(deb.arch ?? 'amd64')).map(stanzaOf)
    return [`main/binary-${arch}/Packages.xz`, execFileSync('xz', ['-c'], { input: text.join('\n') })]
  })
  const fields = [
    'Origin: Debian',
    `Label: ${state.archive === 'debian-security' ? 'Debian-Security' : 'Debian'}`,
    `Codename: ${state.codename ?? state.suite}`,
    `Date: ${new Date(state.date).toUTCString()}`,
    ...(state.validUntil === undefined ? [] : [`Valid-Until: ${new Date(state.validUntil).toUTCString()}`]),
    'SHA256:',
    ...lists.map(([path, body]) => ` ${sha256(body)} ${body.length} ${path}`),
  ]
  const message = await createCleartextMessage({ text: `${fields.join('\n')}\n` })
  const signed = await sign({ message, signingKeys: state.key.privateKey, date: new Date(state.date) })
  return { state, files: new Map([...lists, ['InRelease', Buffer.from(signed)]]) }
}

const stanzaOf = (deb: Deb): string =>
  [
    `Package: ${deb.name}`,
    `Version: ${deb.version}`,
    `Architecture: ${deb.arch ?? 'amd64'}`,
    ...(deb.depends === undefined ? [] : [`Depends: ${deb.depends}`]),
    `Filename: ${poolOf(deb)}`,
    `Size: ${bytesOf(deb).length}`,
    `SHA256: ${sha256(bytesOf(deb))}\n`,
  ].join('\n')

export async function startArchive(): Promise<ArchiveStandIn> {
  const written: Written[] = []
  const seen: Seen[] = []
  const asked: string[] = []
  let open = 0
  let most = 0
  const server = createServer(({ url = '' }, response) => {
    const path = decodeURIComponent(url)
    asked.push(path)
    open += 1
    most = Math.max(most, open)
    response.on('close', () => {
      open -= 1
    })
    if (standIn.answer(path, response)) return
    const body = archived(written, path) ?? interfaceOf(seen, path)
    // Parallel requests are open at the same time.
    setTimeout(() => response.writeHead(body === undefined ? 404 : 200).end(body), 5)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const standIn: ArchiveStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    mostAtOnce: () => most,
    add: async (state) => void written.push(await write(state)),
    see: (...packages) => void seen.push(...packages),
    answer: () => false,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return standIn
}

/** `/{archive}/...` has the current state, `/archive/{archive}/{stamp}/...` an earlier one. */
function archived(written: readonly Written[], path: string): Buffer | undefined {
  const [, archive, stamp, rest = ''] =
    /^\/archive\/([a-z-]+)\/(\d{8}T\d{6}Z)\/(.*)$/.exec(path) ?? withoutStamp(path)
  const at = stamp === undefined ? Number.POSITIVE_INFINITY : timeOf(stamp)
  const states = written.filter(({ state }) => state.archive === archive && state.date <= at)
  const deb = states.flatMap(({ state }) => state.debs).find((one) => poolOf(one) === rest)
  if (deb !== undefined) return bytesOf(deb)
  return states
    .filter(({ state }) => rest.startsWith(`dists/${state.suite}/`))
    .toSorted((a, b) => b.state.date - a.state.date)
    .map(({ state, files }) => files.get(rest.slice(`dists/${state.suite}/`.length)))
    .find((file) => file !== undefined)
}

function withoutStamp(path: string): (string | undefined)[] {
  const [, archive, rest] = /^\/(debian|debian-security)\/(.*)$/.exec(path) ?? []
  return [undefined, archive, undefined, rest]
}

/** The machine-readable interface of snapshot.debian.org. */
function interfaceOf(seen: readonly Seen[], path: string): string | undefined {
  const [, kind, name, version, what] = /^\/mr\/([a-z]+)\/([^/]+)\/([^/?]*)(?:\/(.*))?$/.exec(path) ?? []
  const answer = (result: readonly object[], more: object = {}): string | undefined =>
    result.length === 0 ? undefined : JSON.stringify({ _comment: 'foo', ...more, result })
  if (kind === 'package' && what === 'binpackages')
    return answer(
      seen
        .filter((deb) => (deb.source ?? 'linux') === name && deb.version === version)
        .map((deb) => ({ name: deb.name, version: deb.version })),
    )
  const own = seen.filter((deb) => deb.name === name)
  if (kind === 'binary' && version === '')
    return answer(
      own.map((deb) => ({
        ...{ name: deb.name, binary_version: deb.version },
        ...{ source: deb.source ?? 'linux', version: deb.version },
      })),
    )
  if (kind !== 'binary' || what !== 'binfiles?fileinfo=1') return undefined
  const files = own.filter((deb) => deb.version === version)
  const hashOf = (deb: Deb): string => createHash('sha1').update(bytesOf(deb)).digest('hex')
  return answer(
    files.map((deb) => ({ hash: hashOf(deb), architecture: deb.arch ?? 'amd64' })),
    {
      fileinfo: Object.fromEntries(
        files.map((deb) => [
          hashOf(deb),
          [
            {
              ...{ name: fileOf(deb), archive_name: deb.archive, first_seen: stampOf(deb.firstSeen) },
              ...{ path: '/pool/main/l/linux', size: bytesOf(deb).length },
            },
          ],
        ]),
      ),
    },
  )
}

/** The packages of a kernel of Debian as its lists have them since 6.12. */
export const kernelDebs = (uname: string, version: string, compiler = 'gcc-14'): Deb[] => {
  const [abi = '', flavour = ''] = uname.split(/-(?=(?:(?:cloud|rt)-)?a[mr][dm]64)/)
  const common = `linux-headers-${abi}-common`
  const depends = `linux-base (>= 4.12~), ${common} (= ${version}), linux-kbuild-${abi}, ${compiler}`
  const arch = flavour.includes('arm64') ? 'arm64' : 'amd64'
  return [
    { name: `linux-headers-${uname}`, version, depends, arch },
    { name: common, version, arch: 'all' },
    { name: `linux-kbuild-${abi}`, version, arch },
    { name: `linux-image-${uname}`, version, arch },
  ]
}
