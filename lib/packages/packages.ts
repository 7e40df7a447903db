// Updates the package repositories: a probe is in their lists while it is published and not withdrawn.

import { ProbeError } from '../model/errors.ts'
import { probeOf } from '../names/grammar.ts'
import { apt } from './apt/apt.ts'
import { type Change, type Channel, changeOf, type PackagePorts } from './channel.ts'
import { oci } from './oci/oci.ts'
import { rpm } from './rpm/rpm.ts'

const CHANNELS: readonly Channel[] = [apt, rpm, oci]

/** How often a probe's state may change during the writing of its packages. */
const TRIES = 5

/**
 * Updates every kind of repository for one probe. Reads the state again afterwards, because a slow writer would otherwise
 * publish an old state last. A crash leaves old lists, or new ones without the second read; the event comes again, and does
 * both.
 * @throws {ProbeError} `no-room`: the state changed each time.
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

/** Runs every hour for all kinds of repositories. A failure of one does not stop the others. */
export async function refreshPackages(ports: PackagePorts): Promise<void> {
  const done = await Promise.allSettled(CHANNELS.map((channel) => channel.refresh(ports)))
  const failed = done.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
