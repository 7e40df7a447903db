// Defines the interface of a kind of package repository: which probes it takes, and how it updates its lists.

import type { ChannelName } from '../model/keys.ts'
import type { Clock, Images, Index, Log, Pointers, Signer, Store } from '../model/ports.ts'
import type { Probe, Publication } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'

export interface PackagePorts {
  readonly index: Pick<Index, 'get'>
  /** contains packages and lists as well as probes */
  readonly artifacts: Pick<Store, 'get' | 'create'>
  readonly pointers: Pointers
  readonly images: Images
  readonly signer: Signer
  readonly now: Clock
  readonly log: Log
  readonly settings: Settings
}

/** The current state of a probe. `gone`: not published, withdrawn, or its driver version is revoked. */
export type Change = { readonly key: string; readonly probe: Probe } & (
  | { readonly tag: 'published'; readonly publication: Publication }
  | { readonly tag: 'gone' }
)

/** To add a kind: a folder, a line in packages.ts, a line in places.ts, and its name in lib/model/keys.ts. */
export interface Channel {
  readonly name: ChannelName
  /** Pure. Whether hosts can get this probe as a package of this kind. */
  takes(probe: Probe): boolean
  /** Updates the lists. Calls may be repeated, late and concurrent. */
  update(ports: PackagePorts, change: Change): Promise<void>
  /** Runs every hour: signs lists again before they go stale, and removes revoked driver versions. */
  refresh(ports: PackagePorts): Promise<void>
}

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
