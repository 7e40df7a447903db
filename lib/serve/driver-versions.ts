// Which driver versions there are as packages, for those who ask; the lists are read elsewhere, by an event.

import { type DriverCatalogue, didYouMean, entryOf } from '../model/drivers.ts'
import { ProbeError } from '../model/errors.ts'
import type { Budgets, Bus, Catalogue, Clock, Elapsed, NewId, Sources } from '../model/ports.ts'
import { CATALOGUE_MILLISECONDS, isRecent, minuteOf } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'
import { type HoldPorts, held, type Waiting } from './hold.ts'

interface CataloguePorts {
  readonly catalogue: Pick<Catalogue, 'read'>
  readonly budgets: Budgets
  readonly bus: Bus
  readonly now: Clock
  readonly newId: NewId
}

export interface DriverVersionsPorts extends CataloguePorts, HoldPorts {
  readonly settings: Pick<Settings, 'revoked' | 'hold' | 'cloud'>
  readonly elapsed: Elapsed
  readonly sleep: (milliseconds: number) => Promise<void>
}

/** Reading all lists for the first time takes about ten seconds. */
const HOLD_MILLISECONDS = 25_000
const POLL_MILLISECONDS = 500

/**
 * Newest first, without those that were revoked. An old list is answered, and read again for those who ask later; one
 * that was never read is waited for.
 * @throws {ProbeError} `catalogue-unread` when that takes too long, `too-many-waits`.
 */
export async function driverVersions(
  ports: DriverVersionsPorts,
  waiting: Waiting,
): Promise<readonly string[]> {
  const end = ports.now() + HOLD_MILLISECONDS
  const good = ({ versions }: DriverCatalogue) =>
    versions.filter((version) => !ports.settings.revoked.includes(version))
  const known = await readOrAskFor(ports)
  if (known !== undefined) return good(known)
  return good(await held(ports, waiting, end, () => firstRead(ports)))
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

/**
 * One event a minute, whoever asks and by whatever versions: while the mirror is down, the list stays old. A crash
 * before the event leaves it to the next minute.
 */
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
 * Of versions that come as packages only those that were found exist, so that a forged one costs a look and nothing
 * else. Before the lists were read for the first time, the plan finds out.
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
