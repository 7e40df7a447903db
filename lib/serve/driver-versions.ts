// Lists the driver versions that are available as packages. The function plan reads the packages' lists, on an event.

import { type DriverCatalogue, didYouMean, entryOf } from '../model/drivers.ts'
import { ProbeError } from '../model/errors.ts'
import type { Budgets, Bus, Catalogue, Clock, NewId, Sources } from '../model/ports.ts'
import { CATALOGUE_MILLISECONDS, isRecent, minuteOf } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'
import { held, type PollPorts, type Waiting } from './hold.ts'

interface CataloguePorts {
  readonly catalogue: Pick<Catalogue, 'read'>
  readonly budgets: Budgets
  readonly bus: Bus
  readonly now: Clock
  readonly newId: NewId
}

export interface DriverVersionsPorts extends CataloguePorts, PollPorts {
  readonly settings: Pick<Settings, 'revoked' | 'hold' | 'cloud'>
}

/** The first reading of the lists takes about ten seconds. */
const HOLD_MILLISECONDS = 25_000
const POLL_MILLISECONDS = 500

/**
 * Newest first, without revoked versions. Returns an old list at once and requests a new one; waits only for the first list.
 * @throws {ProbeError} `catalogue-unread`: the first list takes too long; `too-many-waits`.
 */
export async function driverVersions(
  ports: DriverVersionsPorts,
  waiting: Waiting,
): Promise<readonly string[]> {
  const end = ports.now() + HOLD_MILLISECONDS
  const known = (await readOrAskFor(ports)) ?? (await held(ports, waiting, end, () => firstRead(ports)))
  return known.versions.filter((version) => !ports.settings.revoked.includes(version))
}

async function firstRead({ catalogue, elapsed, sleep }: DriverVersionsPorts) {
  for (const end = elapsed() + HOLD_MILLISECONDS; elapsed() < end; ) {
    await sleep(POLL_MILLISECONDS)
    const read = await catalogue.read()
    if (read !== undefined) return read
  }
  throw new ProbeError(
    'catalogue-unread',
    'the list of driver versions is still being read from the archive: ask again in a minute, or name a driver version',
  )
}

async function readOrAskFor(ports: CataloguePorts): Promise<DriverCatalogue | undefined> {
  const known = await ports.catalogue.read()
  if (known === undefined || !isRecent(known.readAt, ports.now(), CATALOGUE_MILLISECONDS)) await askFor(ports)
  return known
}

/** Sends one event a minute, because the list stays old while the mirror is down. After a crash, the next minute sends it. */
async function askFor({ budgets, bus, now, newId }: CataloguePorts): Promise<void> {
  const budget = `drivers-wanted/${minuteOf(now())}`
  if (await budgets.exhausted(budget, 1)) return
  if (await budgets.spend(budget, newId(), 1)) await bus.emit({ type: 'DriversWanted' })
}

export interface DriverPorts extends CataloguePorts {
  readonly sources: Pick<Sources, 'recorded'>
  readonly settings: Settings
}

/**
 * A driver version from packages exists only if the lists contain it, so an invented version costs only one read. Before the
 * lists have been read once, this accepts every version, and the plan checks it.
 * @throws {ProbeError} `unknown-driver-version`.
 */
export async function checkDriverVersion(ports: DriverPorts, driverVersion: string): Promise<void> {
  if (entryOf(ports.settings, driverVersion)?.source.from !== 'package') return
  if ((await ports.sources.recorded(driverVersion)) !== undefined) return
  const known = await readOrAskFor(ports)
  if (known === undefined || known.versions.includes(driverVersion)) return
  throw new ProbeError(
    'unknown-driver-version',
    `no suite of the archive has a package of driver version ${driverVersion}.${didYouMean(ports.settings, driverVersion)} Use one of these: ${known.versions.join(', ')} (read at ${new Date(known.readAt).toISOString()}), or an upstream version, such as 11.0.0+driver`,
  )
}
