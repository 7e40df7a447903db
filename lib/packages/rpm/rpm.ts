// Maintains the rpm repositories: one for each driver version, distribution and its release.

import type { Pointer } from '../../model/pointer.ts'
import type { Change, Channel, PackagePorts } from '../channel.ts'
import { contentsOf, type Published } from '../contents.ts'
import { keepList, refreshAll, retried } from '../lists.ts'
import { listsOf } from './lists.ts'
import { namesOf, repositoryOf, takes, versionOf } from './names.ts'
import { flavouredOf, flavourPackage, probePackage, type Rpm } from './package.ts'
import { REPOMD, repositoryId, SIGNATURE } from './paths.ts'
import { type ListedProbe, readState, STATE, type State, withProbe } from './state.ts'

export const rpm: Channel = {
  ...{ name: 'rpm', takes, update },
  refresh: (ports) => refreshAll(ports, 'rpm/', refreshOne),
}

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND

/**
 * Writes the package, then the lists under their digests, then the signature, and last the pointer, which names all lists.
 * A crash before the pointer leaves objects that no client gets; the event comes again, and finds or makes them.
 * @throws {ProbeError} `misconfigured`, `too-large`; `no-room`: another writer was faster each time.
 */
async function update(ports: PackagePorts, change: Change): Promise<void> {
  const { driverVersion } = change.probe
  const id = repositoryId(driverVersion, repositoryOf(change.probe))
  if (ports.settings.revoked.includes(driverVersion)) return refreshOne(ports, id)
  const probe = change.tag === 'published' ? await keepProbe(ports, change) : undefined
  await retried(`the lists of ${id}`, async () => {
    const shown = await ports.pointers.read(id, { consistent: true })
    const before = await readState(ports.artifacts, shown)
    const probes = withProbe(before.probes, change.key, probe)
    return probes === before.probes || show(ports, { id, shown, probes, flavours: before.flavours })
  })
}

async function keepProbe(ports: PackagePorts, published: Published): Promise<ListedProbe> {
  const { key, probe, publication } = published
  const names = namesOf(probe, publication.provenance.headers)
  const contents = await contentsOf(ports.artifacts, published)
  const made = await probePackage(ports.signer, published, contents, names)
  await keepPackage(ports, made)
  const flavour = flavouredOf(probe, names)
  return { key, listed: made.listed, ...(flavour && { flavour }) }
}

const keepPackage = ({ artifacts }: PackagePorts, { object, body, listed }: Rpm) =>
  artifacts.create(object, body, { contentType: 'application/x-rpm', sha256: listed.sha256 })

interface Next {
  readonly id: string
  readonly shown: Pointer | undefined
  readonly probes: readonly ListedProbe[]
  /** the flavours before this change */
  readonly flavours: State['flavours']
}

/** Each version of the lists is at least a second newer, even if the clock is not. False: another writer was faster. */
async function show(ports: PackagePorts, next: Next): Promise<boolean> {
  const { id, shown, probes } = next
  const date = Math.max(ports.now(), (shown?.date ?? 0) + SECOND)
  const revision = Math.floor(date / SECOND)
  const flavours = await flavoursOf(ports, next, revision)
  const lists = listsOf(
    [...probes, ...flavours].map(({ listed }) => listed),
    revision,
  )
  const keep = (content: Uint8Array | string, type: string) =>
    keepList(ports.artifacts, 'rpm', content, `application/${type}`)
  const [state, repomd, signature] = await Promise.all([
    keep(JSON.stringify({ probes, flavours }), 'json'),
    keep(lists.repomd, 'xml'),
    keep(await ports.signer.sign(lists.repomd, []), 'pgp-signature'),
    ...lists.files.map((list) => keep(list, 'gzip')),
  ])
  const files = { [REPOMD]: repomd!, [SIGNATURE]: signature!, [STATE]: state! }
  return ports.pointers.move(id, { number: (shown?.number ?? 0) + 1, date, files })
}

/** Keeps a package whose wants did not change, so that no host upgrades it for nothing. */
async function flavoursOf(
  ports: PackagePorts,
  { id, probes, flavours }: Next,
  revision: number,
): Promise<State['flavours']> {
  const version = versionOf(driverVersionOf(id))
  const wanted = probes.flatMap(({ flavour }) => flavour ?? [])
  const all = [...flavours.map(({ listed }) => listed), ...wanted]
  const each = new Map(all.map(({ name, arch }) => [`${name}.${arch}`, { name, arch }]))
  return Promise.all(
    [...each.values()].map(async ({ name, arch }) => {
      const wants = wanted.filter((one) => one.name === name && one.arch === arch).map(({ want }) => want)
      const before = flavours.find(({ listed }) => listed.name === name && listed.arch === arch)
      if (before?.wants.join() === wants.join()) return before!
      const made = await flavourPackage(ports.signer, { name, arch, wants, version, revision })
      await keepPackage(ports, made)
      return { wants, listed: made.listed }
    }),
  )
}

/**
 * Signs the lists again once a day. Their revision shows whether somebody withholds newer lists from a host, which dnf itself
 * does not check. If another writer was faster, it has done this, or the next hour does.
 */
async function refreshOne(ports: PackagePorts, id: string): Promise<void> {
  const shown = await ports.pointers.read(id, { consistent: true })
  if (shown === undefined) return
  const state = await readState(ports.artifacts, shown)
  const probes = ports.settings.revoked.includes(driverVersionOf(id)) ? [] : state.probes
  const isFresh = ports.now() - shown.date < DAY
  if (isFresh && probes.length === state.probes.length) return
  await show(ports, { id, shown, probes, flavours: state.flavours })
}

const driverVersionOf = (id: string): string => id.split('/')[1]!
