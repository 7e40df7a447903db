// The apt repository: a suite for each driver version, with a list for each line of kernels.

import { gzipSync } from 'node:zlib'
import { type Stored, sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { listObject } from '../../model/keys.ts'
import type { Pointer } from '../../model/pointer.ts'
import type { Change, Channel, PackagePorts } from '../channel.ts'
import { contentsOf } from '../contents.ts'
import { withPackages } from './lists.ts'
import { listPath, takes } from './names.ts'
import { type Deb, debsOf } from './package.ts'
import { repositoryId } from './paths.ts'
import { isStale, releaseOf } from './release.ts'

export const apt: Channel = { name: 'apt', takes, update, refresh }

type Files = Pointer['files']

/** Lists that somebody else has moved meanwhile, before the event is left to come again. */
const TRIES = 10
/** What a function can hold, twice. */
const MAX_LIST = 128 * 1024 * 1024
/** What stands at the suite itself, and is signed or signs. */
const SIGNED = ['InRelease', 'Release', 'Release.gpg']

/**
 * The packages first, then the list by its digest, then what signs it, and last of all the one item that says which of those
 * are shown. A crash before that leaves objects that no client is sent to; the event comes again, and finds or makes them.
 * ProbeError `misconfigured`, `too-large`, and `no-room` where others were faster each time.
 */
async function update(ports: PackagePorts, change: Change): Promise<void> {
  const { driverVersion } = change.probe
  if (ports.settings.revoked.includes(driverVersion)) return refreshSuite(ports, repositoryId(driverVersion))
  const debs = change.tag === 'published' ? debsOf(change, await contentsOf(ports.artifacts, change)) : []
  for (const deb of debs) await keepPackage(ports, deb)
  const path = listPath(change.probe)
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const shown = await ports.pointers.read(repositoryId(driverVersion), { consistent: true })
    const before = await readList(ports, shown?.files[path])
    const after = withPackages(
      before,
      change.key,
      debs.map(({ stanza }) => stanza),
    )
    if (after === before) return
    const lists = { ...listsOf(shown), ...(await keepList(ports, path, after)) }
    if (await show(ports, driverVersion, shown, lists)) return
  }
  throw new ProbeError('no-room', `the lists of ${driverVersion} are written by too many at one time`)
}

const keepPackage = ({ artifacts }: PackagePorts, { path, body }: Deb) =>
  artifacts.create(`apt/${path}`, body, {
    contentType: 'application/vnd.debian.binary-package',
    sha256: sha256(body),
  })

/** Nothing where there is none. ProbeError `misconfigured`, `too-large`. */
async function readList({ artifacts }: PackagePorts, list: Stored | undefined): Promise<string> {
  if (list === undefined) return ''
  const body = await artifacts.get(listObject('apt', list.sha256), MAX_LIST)
  // What is read here is signed anew.
  if (body === undefined || sha256(body) !== list.sha256)
    throw new ProbeError('misconfigured', `the list ${list.sha256} is not what it was, or is gone`)
  return Buffer.from(body).toString()
}

/** As it is, which is what its own digest is checked by, and packed. */
async function keepList(ports: PackagePorts, path: string, list: string): Promise<Files> {
  const body = Buffer.from(list)
  const [plain, packed] = await Promise.all([
    keep(ports, body, 'text/plain; charset=utf-8'),
    keep(ports, gzipSync(body, { level: 6 }), 'application/gzip'),
  ])
  return { [path]: plain, [`${path}.gz`]: packed }
}

async function keep({ artifacts }: PackagePorts, body: Uint8Array, contentType: string): Promise<Stored> {
  const digest = sha256(body)
  await artifacts.create(listObject('apt', digest), body, { contentType, sha256: digest })
  return { sha256: digest, bytes: body.length }
}

const listsOf = (shown: Pointer | undefined): Files =>
  Object.fromEntries(Object.entries(shown?.files ?? {}).filter(([path]) => !SIGNED.includes(path)))

/** Hosts keep the newest lists that they have seen, so the date never goes back, whatever the clock does. False: another was faster. */
async function show(
  ports: PackagePorts,
  driverVersion: string,
  shown: Pointer | undefined,
  lists: Files,
): Promise<boolean> {
  const { signer, pointers } = ports
  const date = Math.max(ports.now(), shown?.date ?? 0)
  const release = releaseOf(driverVersion, date, lists)
  const bytes = Buffer.from(release)
  const [inRelease, detached] = await Promise.all([signer.signText(release), signer.sign(bytes, [])])
  const files = await Promise.all(
    [inRelease, bytes, detached].map((body) => keep(ports, Buffer.from(body), 'text/plain; charset=utf-8')),
  )
  const signed = Object.fromEntries(SIGNED.map((name, i) => [name, files[i]!]))
  const number = (shown?.number ?? 0) + 1
  return pointers.move(repositoryId(driverVersion), { number, date, files: { ...lists, ...signed } })
}

/** One suite that fails keeps no other from it; the hour comes again. */
async function refresh(ports: PackagePorts): Promise<void> {
  let failure: unknown
  for (const id of await ports.pointers.ids(repositoryId(''))) {
    await refreshSuite(ports, id).catch((error: unknown) => {
      failure ??= error
    })
  }
  if (failure !== undefined) throw failure
}

/** Whoever was faster has signed it as well. */
async function refreshSuite(ports: PackagePorts, id: string): Promise<void> {
  const shown = await ports.pointers.read(id, { consistent: true })
  if (shown === undefined) return
  const driverVersion = id.slice(repositoryId('').length)
  const isRevoked = ports.settings.revoked.includes(driverVersion) && !isEmpty(shown)
  if (!isRevoked && !isStale(shown, ports.now())) return
  const lists = isRevoked ? await emptied(ports, shown) : listsOf(shown)
  await show(ports, driverVersion, shown, lists)
}

const plainLists = (shown: Pointer): string[] =>
  Object.keys(listsOf(shown)).filter((path) => !path.endsWith('.gz'))

const isEmpty = (shown: Pointer): boolean => plainLists(shown).every((path) => shown.files[path]!.bytes === 0)

/** Lists without packages, which hosts believe as they believe any. */
async function emptied(ports: PackagePorts, shown: Pointer): Promise<Files> {
  const lists = await Promise.all(plainLists(shown).map((path) => keepList(ports, path, '')))
  return Object.assign({}, ...lists)
}
