// Which driver versions there are as packages, for those who ask; the lists are read elsewhere, by an event.

import { type DriverCatalogue, entryOf } from '../model/drivers.ts'
import { ProbeError } from '../model/errors.ts'
import type { Bus, Catalogue, Clock, Sources } from '../model/ports.ts'
import { CATALOGUE_MILLISECONDS } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'

export interface CataloguePorts {
  readonly catalogue: Pick<Catalogue, 'read'>
  readonly bus: Bus
  readonly now: Clock
}

export interface DriverVersionsPorts extends CataloguePorts {
  readonly settings: Pick<Settings, 'revoked'>
  readonly sleep: (milliseconds: number) => Promise<void>
}

/** Reading all lists for the first time takes about ten seconds. */
const HOLD_MILLISECONDS = 25_000
const POLL_MILLISECONDS = 500

/**
 * Newest first, without those that were revoked. An old list is answered, and read again for those who ask later; one that was never read is waited for.
 * ProbeError `catalogue-unread` when that takes too long.
 */
export async function driverVersions(ports: DriverVersionsPorts): Promise<readonly string[]> {
  const began = ports.now()
  const good = ({ versions }: DriverCatalogue) =>
    versions.filter((version) => !ports.settings.revoked.includes(version))
  const known = await readOrAskFor(ports)
  if (known !== undefined) return good(known)
  while (ports.now() - began < HOLD_MILLISECONDS) {
    await ports.sleep(POLL_MILLISECONDS)
    const read = await ports.catalogue.read()
    if (read !== undefined) return good(read)
  }
  throw new ProbeError(
    'catalogue-unread',
    'the list of driver versions is still being read from the archive: ask again in a minute, or name a driver version',
  )
}

async function readOrAskFor({ catalogue, bus, now }: CataloguePorts): Promise<DriverCatalogue | undefined> {
  const known = await catalogue.read()
  if (known === undefined || now() - known.readAt >= CATALOGUE_MILLISECONDS)
    await bus.emit({ type: 'DriversWanted' })
  return known
}

export interface DriverPorts extends CataloguePorts {
  readonly sources: Pick<Sources, 'recorded'>
  readonly settings: Settings
}

/**
 * Of versions that come as packages only those that were found exist, so that a forged one costs a look and nothing
 * else. Before the lists were read for the first time, the plan finds out. ProbeError `unknown-driver-version`.
 */
export async function checkDriverVersion(ports: DriverPorts, driverVersion: string): Promise<void> {
  if (entryOf(ports.settings, driverVersion)?.source.from !== 'package') return
  if ((await ports.sources.recorded(driverVersion)) !== undefined) return
  const known = await readOrAskFor(ports)
  if (known === undefined || known.versions.includes(driverVersion)) return
  throw new ProbeError(
    'unknown-driver-version',
    `no suite of the archive has driver version ${driverVersion}; there are ${known.versions.join(', ')} (read at ${new Date(known.readAt).toISOString()})`,
  )
}
