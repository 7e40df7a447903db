// What every kind of repository of packages has in common: it takes some probes, and brings its lists to what is so now.

import type { ChannelName } from '../model/keys.ts'
import type { Clock, Images, Index, Log, Pointers, Signer, Store } from '../model/ports.ts'
import type { Probe, Publication } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'

export interface PackagePorts {
  readonly index: Pick<Index, 'get'>
  /** packages and lists lie beside what they are made of */
  readonly artifacts: Pick<Store, 'get' | 'create'>
  readonly pointers: Pointers
  readonly images: Images
  readonly signer: Signer
  readonly now: Clock
  readonly log: Log
  readonly settings: Settings
}

/** What the index says of a probe now. `gone`: not published, withdrawn, or of a driver version that was revoked. */
export type Change =
  | {
      readonly tag: 'published'
      readonly key: string
      readonly probe: Probe
      readonly publication: Publication
    }
  | { readonly tag: 'gone'; readonly key: string; readonly probe: Probe }

/** A new kind is a folder, a line in channels.ts, a line in places.ts, and its name in lib/model/keys.ts. */
export interface Channel {
  readonly name: ChannelName
  /** Pure: whether its hosts can have such a probe as a package. */
  takes(probe: Probe): boolean
  /** Brings its lists to that. It may come again, late, and at the same moment as another. */
  update(ports: PackagePorts, change: Change): Promise<void>
  /** Every hour: signs anew what would go stale, and takes out what was revoked. */
  refresh(ports: PackagePorts): Promise<void>
}

/** As it is at this moment. */
export async function changeOf(
  { index, settings }: Pick<PackagePorts, 'index' | 'settings'>,
  key: string,
  probe: Probe,
): Promise<Change> {
  const state = await index.get(key, { consistent: true })
  const isServed =
    state?.state === 'published' &&
    state.withdrawn === undefined &&
    !settings.revoked.includes(probe.driverVersion)
  return isServed ? { tag: 'published', key, probe, publication: state } : { tag: 'gone', key, probe }
}
