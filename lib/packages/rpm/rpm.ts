// The rpm repositories: one for each driver version, distribution and release of that.

import { type Stored, sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { listObject } from '../../model/keys.ts'
import type { Pointer } from '../../model/pointer.ts'
import type { Change, Channel, PackagePorts } from '../channel.ts'
import { contentsOf, type Published } from '../contents.ts'
import { listsOf } from './lists.ts'
import { namesOf, repositoryOf, takes, versionOf } from './names.ts'
import { flavouredOf, flavourPackage, probePackage, type Rpm } from './package.ts'
import { REPOMD, repositoryId, SIGNATURE } from './paths.ts'
import { type ListedProbe, readState, STATE, type State, withProbe } from './state.ts'

export const rpm: Channel = { name: 'rpm', takes, update, refresh }

/** Lists that somebody else has moved meanwhile, before the event is left to come again. */
const TRIES = 10
const RPM = 'application/x-rpm'
const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND

/**
 * The package first, then the lists by their digests, then what signs them, and last of all the one item that says which of
 * those are shown. A crash before that leaves objects that no client is sent to; the event comes again, and finds or makes
 * them. ProbeError `misconfigured`, `too-large`, and `no-room` where others were faster each time.
 */
async function update(ports: PackagePorts, change: Change): Promise<void> {
  const { driverVersion } = change.probe
  const id = repositoryId(driverVersion, repositoryOf(change.probe))
  if (ports.settings.revoked.includes(driverVersion)) return refreshOne(ports, id)
  const probe = change.tag === 'published' ? await keepProbe(ports, change) : undefined
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const shown = await ports.pointers.read(id, { consistent: true })
    const before = await readState(ports.artifacts, shown)
    const probes = withProbe(before.probes, change.key, probe)
    if (probes === before.probes) return
    if (await show(ports, { id, shown, probes, flavours: before.flavours })) return
  }
  throw new ProbeError('no-room', `the lists of ${id} are written by too many at one time`)
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
  artifacts.create(object, body, { contentType: RPM, sha256: listed.sha256 })

async function keep(
  { artifacts }: PackagePorts,
  content: Uint8Array | string,
  contentType: string,
): Promise<Stored> {
  const body = Buffer.from(content)
  const digest = sha256(body)
  await artifacts.create(listObject('rpm', digest), body, { contentType, sha256: digest })
  return { sha256: digest, bytes: body.length }
}

interface Next {
  readonly id: string
  readonly shown: Pointer | undefined
  readonly probes: readonly ListedProbe[]
  /** of before */
  readonly flavours: State['flavours']
}

/** Each list is a second newer than the one before, at least, whatever the clock does. False: another was faster. */
async function show(ports: PackagePorts, next: Next): Promise<boolean> {
  const { id, shown, probes } = next
  const date = Math.max(ports.now(), (shown?.date ?? 0) + SECOND)
  const revision = Math.floor(date / SECOND)
  const flavours = await flavoursOf(ports, next, revision)
  const lists = listsOf(
    [...probes, ...flavours].map(({ listed }) => listed),
    revision,
  )
  const [state, repomd, signature] = await Promise.all([
    keep(ports, JSON.stringify({ probes, flavours }), 'application/json'),
    keep(ports, lists.repomd, 'application/xml'),
    keep(ports, await ports.signer.sign(lists.repomd, []), 'application/pgp-signature'),
    ...lists.files.map((list) => keep(ports, list, 'application/gzip')),
  ])
  const files = { [REPOMD]: repomd!, [SIGNATURE]: signature!, [STATE]: state! }
  return ports.pointers.move(id, { number: (shown?.number ?? 0) + 1, date, files })
}

/** One that wants what it did before stays as it is: no host has to upgrade to it. */
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
      const made = await flavourPackage(ports.signer, { name, arch }, { wants, version, revision })
      await keepPackage(ports, made)
      return { wants, listed: made.listed }
    }),
  )
}

/** One repository that fails keeps no other from it; the hour comes again. */
async function refresh(ports: PackagePorts): Promise<void> {
  let failure: unknown
  for (const id of await ports.pointers.ids('rpm/')) {
    await refreshOne(ports, id).catch((error: unknown) => {
      failure ??= error
    })
  }
  if (failure !== undefined) throw failure
}

/**
 * Once a day it is signed anew, so that its revision tells a host whether it is kept from newer lists: dnf has nothing that
 * looks by itself. Whoever was faster has done it, or the hour comes again.
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
