// Maintains the apt repository: a suite for each driver version, with a list for each series of kernels.

import { gzipSync } from 'node:zlib'
import { sha256 } from '../../model/digest.ts'
import type { Pointer } from '../../model/pointer.ts'
import type { Change, Channel, PackagePorts } from '../channel.ts'
import { contentsOf } from '../contents.ts'
import { keepList, readList, refreshAll, retried } from '../lists.ts'
import { listPath, takes } from './names.ts'
import { type Deb, debsOf } from './package.ts'
import { repositoryId } from './paths.ts'
import { isStale, releaseOf } from './release.ts'
import { withPackages } from './stanzas.ts'

export const apt: Channel = {
  ...{ name: 'apt', takes, update },
  refresh: (ports) => refreshAll(ports, repositoryId(''), refreshSuite),
}

type Files = Pointer['files']

/** Half of the function's memory, in bytes. */
const MAX_LIST = 128 * 1024 * 1024
/** Files of the suite that are signed or are signatures. */
const SIGNED = ['InRelease', 'Release', 'Release.gpg']
const TEXT = 'text/plain; charset=utf-8'

/**
 * Writes the packages, then the list under its digest, then the signed files, and last the pointer, which names all lists and
 * signed files. A crash before the pointer leaves objects that no client gets; the event comes again, and finds or makes them.
 * @throws {ProbeError} `misconfigured`, `too-large`; `no-room`: another writer was faster each time.
 */
async function update(ports: PackagePorts, change: Change): Promise<void> {
  const { artifacts, pointers, settings } = ports
  const { driverVersion } = change.probe
  const id = repositoryId(driverVersion)
  if (settings.revoked.includes(driverVersion)) return refreshSuite(ports, id)
  const debs = change.tag === 'published' ? debsOf(change, await contentsOf(artifacts, change)) : []
  for (const deb of debs) await keepPackage(ports, deb)
  const stanzas = debs.map(({ stanza }) => stanza)
  const path = listPath(change.probe)
  await retried(`the lists of ${id}`, async () => {
    const shown = await pointers.read(id, { consistent: true })
    const before = (await readList(artifacts, 'apt', shown?.files[path], MAX_LIST)) ?? ''
    const after = withPackages(before, change.key, stanzas)
    if (after === before) return true
    return show(ports, driverVersion, shown, { ...listsOf(shown), ...(await keepPacked(ports, path, after)) })
  })
}

const keepPackage = ({ artifacts }: PackagePorts, { path, body }: Deb) =>
  artifacts.create(`apt/${path}`, body, {
    contentType: 'application/vnd.debian.binary-package',
    sha256: sha256(body),
  })

/** Stores the list, and a compressed copy. */
async function keepPacked({ artifacts }: PackagePorts, path: string, list: string): Promise<Files> {
  const packed = gzipSync(list, { level: 6 })
  const [plain, gz] = await Promise.all([
    keepList(artifacts, 'apt', list, TEXT),
    keepList(artifacts, 'apt', packed, 'application/gzip'),
  ])
  return { [path]: plain, [`${path}.gz`]: gz }
}

const listsOf = (shown: Pointer | undefined): Files =>
  Object.fromEntries(Object.entries(shown?.files ?? {}).filter(([path]) => !SIGNED.includes(path)))

/**
 * Signs and shows the lists. The date never goes back, even if the clock does, because hosts refuse lists that are older than
 * those they have seen. False: another writer was faster.
 */
async function show(
  ports: PackagePorts,
  driverVersion: string,
  shown: Pointer | undefined,
  lists: Files,
): Promise<boolean> {
  const { signer, pointers, artifacts } = ports
  const date = Math.max(ports.now(), shown?.date ?? 0)
  const release = releaseOf(driverVersion, date, lists)
  const signed = [await signer.signText(release), release, await signer.sign(Buffer.from(release), [])]
  const kept = await Promise.all(
    SIGNED.map(async (name, i) => [name, await keepList(artifacts, 'apt', signed[i]!, TEXT)] as const),
  )
  const number = (shown?.number ?? 0) + 1
  const files = { ...lists, ...Object.fromEntries(kept) }
  return pointers.move(repositoryId(driverVersion), { number, date, files })
}

/** Signs a stale suite again, and empties a revoked one. If another writer was faster, it has done this. */
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

async function emptied(ports: PackagePorts, shown: Pointer): Promise<Files> {
  const lists = await Promise.all(plainLists(shown).map((path) => keepPacked(ports, path, '')))
  return Object.assign({}, ...lists)
}
