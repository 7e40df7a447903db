// Stores a verified probe as immutable objects: bytes, checksum, signature and build log.

import { sha256 } from '../model/digest.ts'
import type { Probe, Provenance, Publication } from '../model/probe.ts'
import { fileOf } from '../names/file.ts'
import { statementOf } from '../signing/statement.ts'
import { forcedOf } from './lost.ts'
import type { PublishPorts } from './ports.ts'
import type { Verified } from './staged.ts'

/** Safe to repeat, because keys contain the digest of the bytes. */
export async function storeProbe(
  { artifacts, signer, now }: PublishPorts,
  probe: Probe,
  key: string,
  { plan, probe: bytes, log, report }: Verified,
): Promise<Publication> {
  const digest = sha256(bytes)
  const objectKey = `${key}/${digest}/${fileOf(probe)}`
  const text = new TextEncoder()
  const create = (suffix: string, body: Uint8Array, contentType: string) =>
    artifacts.create(`${objectKey}${suffix}`, body, { contentType, sha256: sha256(body) })
  // Each object is created once and never replaced. After a crash in between, the next try creates the missing objects. A
  // signature from another try is also valid, because the bytes and the statement are the same.
  await create('', bytes, 'application/octet-stream')
  const forced = forcedOf({ plan, report })
  const signature = await signer.sign(bytes, statementOf({ probe, ...plan, forced }))
  await Promise.all([
    create('.sha256', text.encode(`${digest}  ${fileOf(probe)}\n`), 'text/plain; charset=utf-8'),
    create('.asc', text.encode(signature), 'application/pgp-signature'),
    create('.log', log ?? new Uint8Array(), 'text/plain; charset=utf-8'),
  ])
  return {
    sha256: digest,
    bytes: bytes.length,
    objectKey,
    publishedAt: now(),
    provenance: provenanceOf({ plan, report }),
  }
}

/** The origin of a probe. */
export function provenanceOf({ plan, report }: Pick<Verified, 'plan' | 'report'>): Provenance {
  const { unameRelease, driverSource, headers, compiler, root } = plan
  const forced = forcedOf({ plan, report })
  return {
    ...{ unameRelease, driverSource, headers, compiler },
    compilerVersion: report?.compilerVersion ?? '',
    root,
    ...(forced.length === 0 ? {} : { forced }),
    timings: report?.timings ?? {},
  }
}
