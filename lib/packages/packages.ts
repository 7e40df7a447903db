// Published probes as packages of the hosts' own package managers: in their lists while they are served, out of them when not.

import { ProbeError } from '../model/errors.ts'
import { probeOf } from '../names/grammar.ts'
import { type Change, changeOf, type PackagePorts } from './channel.ts'
import { CHANNELS } from './channels.ts'

/** Changes of one probe's state, while its packages are written, that are caught up with at once. */
const TRIES = 5

/**
 * Brings every kind of repository to what the index says of that probe. The state is looked at again once it is written:
 * who read an old one and was slow would otherwise have the last word. A crash anywhere leaves old lists, or new ones that
 * nobody has looked at again: the event comes again, and does both. ProbeError `no-room` where the state never stands still.
 */
export async function packages(ports: PackagePorts, key: string): Promise<Change['tag'] | 'none'> {
  const probe = probeOf(key)
  const channels = CHANNELS.filter((channel) => channel.takes(probe))
  if (channels.length === 0) return 'none'
  let change = await changeOf(ports, key, probe)
  for (let tries = TRIES; tries > 0; tries -= 1) {
    for (const channel of channels) await channel.update(ports, change)
    const now = await changeOf(ports, key, probe)
    if (now.tag === change.tag) {
      ports.log('packages', { key, state: now.tag })
      return now.tag
    }
    change = now
  }
  throw new ProbeError('no-room', `the state of ${key} changes faster than its packages can be written`)
}

/** Every hour, of all kinds of repositories: one that fails keeps none of the others from it. */
export async function refreshPackages(ports: PackagePorts): Promise<void> {
  const done = await Promise.allSettled(CHANNELS.map((channel) => channel.refresh(ports)))
  const failed = done.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (failed.length > 0) throw failed[0]
}
