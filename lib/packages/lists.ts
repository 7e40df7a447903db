// Stores lists by digest, reads them, and handles concurrent writers, for all kinds of repositories.

import { type Stored, sha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import { type ChannelName, listObject } from '../model/keys.ts'
import type { PackagePorts } from './channel.ts'

type Artifacts = PackagePorts['artifacts']

/** How often to write a list again if another event was faster. After that this event fails, and comes again. */
const TRIES = 10

/** `once`: reads the list, and writes it unless it is up to date; false: another writer was faster. */
export async function retried(lists: string, once: () => Promise<boolean>): Promise<void> {
  for (let tries = TRIES; tries > 0; tries -= 1) if (await once()) return
  throw new ProbeError('no-room', `too many events write ${lists} at one time`)
}

/** Stores the list under its digest, for a pointer to name. A crash before the pointer leaves an object that no client gets. */
export async function keepList(
  artifacts: Artifacts,
  channel: ChannelName,
  content: Uint8Array | string,
  contentType: string,
): Promise<Stored> {
  const body = Buffer.from(content)
  const digest = sha256(body)
  await artifacts.create(listObject(channel, digest), body, { contentType, sha256: digest })
  return { sha256: digest, bytes: body.length }
}

/**
 * `undefined`: nothing is stored. Checks the digest, because the registry signs lists that it makes from these bytes.
 * @throws {ProbeError} `misconfigured`, `too-large`.
 */
export async function readList(
  artifacts: Pick<Artifacts, 'get'>,
  channel: ChannelName,
  stored: Stored | undefined,
  maxBytes: number,
): Promise<string | undefined> {
  if (stored === undefined) return undefined
  const object = listObject(channel, stored.sha256)
  const body = await artifacts.get(object, maxBytes)
  if (body === undefined || sha256(body) !== stored.sha256)
    throw new ProbeError('misconfigured', `the list ${object} is missing or changed`)
  return Buffer.from(body).toString()
}

/** Refreshes each repository of a kind. Continues after a failure, and then rejects; the next hour tries again. */
export async function refreshAll(
  ports: PackagePorts,
  kind: string,
  refresh: (ports: PackagePorts, id: string) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  for (const id of await ports.pointers.ids(kind))
    await refresh(ports, id).catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}
