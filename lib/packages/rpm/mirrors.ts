// Writes the mirror list of a repository: the URL of one snapshot, so that nothing changes while a host reads it.

import { ProbeError } from '../../model/errors.ts'
import type { Pointer } from '../../model/pointer.ts'
import { REPOMD, SIGNATURE, snapshotPath } from './paths.ts'

const BASE = /^https?:\/\/[A-Za-z0-9.:[\]-]{1,250}(?:\/[A-Za-z0-9._~-]{1,100}){0,10}\/?$/

/**
 * A host fetches repomd.xml and its signature one after the other. Below the URL of a snapshot, they always fit together.
 * Behind proxies the registry does not know its own address, so the host sends it as `registry` in the query.
 * @throws {ProbeError} `bad-field`.
 */
export function mirrorsOf(id: string, { files }: Pointer, query: string): string {
  const base = new URLSearchParams(query).get('registry') ?? ''
  if (!BASE.test(base))
    throw new ProbeError(
      'bad-field',
      `registry: give the address of this registry as the host uses it, as in mirrorlist?registry=https://probes.example.org`,
    )
  const snapshot = snapshotPath(id, files[REPOMD]!.sha256, files[SIGNATURE]!.sha256)
  return `${base.replace(/\/$/, '')}/${snapshot}/\n`
}
