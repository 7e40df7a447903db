// The list of mirrors of a repository: one URL, under which nothing changes while a host reads what is there.

import { ProbeError } from '../../model/errors.ts'
import type { Pointer } from '../../model/pointer.ts'
import { REPOMD, SIGNATURE, snapshotPath } from './paths.ts'

/** A list and its signature are two files, which a host asks for one after the other: of one URL, both are of one moment. */
const BASE = /^https?:\/\/[A-Za-z0-9.:[\]-]{1,250}(?:\/[A-Za-z0-9._~-]{1,100}){0,10}\/?$/

/**
 * `query`: of the request. The registry does not know by which address a host reaches it, past proxies and whatever stands
 * before it; the host does, and says so in `registry`. ProbeError `bad-field`.
 */
export function mirrorsOf(id: string, { files }: Pointer, query: string): string {
  const base = new URLSearchParams(query).get('registry') ?? ''
  if (!BASE.test(base))
    throw new ProbeError(
      'bad-field',
      `registry: write the address by which the host asks this registry, as in mirrorlist?registry=https://probes.example.org`,
    )
  const snapshot = snapshotPath(id, files[REPOMD]!.sha256, files[SIGNATURE]!.sha256)
  return `${base.replace(/\/$/, '')}/${snapshot}/\n`
}
