// Publishes a verified probe: stores its objects, and writes the index last.

import type { Testing } from '../model/ports.ts'
import type { LoadTest } from '../model/probe.ts'
import { probeOf } from '../names/grammar.ts'
import { storeProbe } from './artifacts.ts'
import type { Claimed } from './fail.ts'
import type { PublishPorts } from './ports.ts'
import { keepTree, type Verified } from './staged.ts'

interface Release extends Claimed {
  readonly staged: Verified
  /** verdict of its load test, if known */
  readonly loadTest: LoadTest | undefined
  /** the load test that will follow */
  readonly testing?: Testing
}

/** False: the claim is lost, or another call has already published the probe. */
export async function publishVerified(ports: PublishPorts, release: Release): Promise<boolean> {
  const { key, claim, staged, loadTest, testing } = release
  const publication = await storeProbe(ports, probeOf(key), key, staged)
  // Writes the index last: a crash before this line leaves objects that no URL leads to, and an open claim. The event or the
  // sweep comes again, and finds the same objects under the same keys.
  const tested = loadTest === undefined ? publication : { ...publication, loadTest }
  const next = testing && { test: testing.test, deadline: testing.deadline }
  const held = await ports.index.publish(key, claim.id, tested, next)
  const seconds = Math.max(0, Math.round((ports.now() - claim.claimedAt) / 1000))
  const { sha256, bytes } = publication
  // A metric counts the first word. If the event and the sweep come at the same moment, only one of them published the probe.
  ports.log(held ? 'published' : 'published before', { key, claim: claim.id, sha256, bytes, seconds })
  await keepTree(ports, claim.id, staged)
  if (held) await wantPackages(ports, key)
  return held
}

/** Comes after the index. After a crash in between, the event of the build's end comes again and finds the probe published. */
export async function wantPackages({ bus }: PublishPorts, key: string): Promise<'published'> {
  await bus.emit({ type: 'PackagesWanted', key })
  return 'published'
}
