// Copies a published probe with its signatures to another image registry, in an order in which no client
// finds a part of it.

import type { Content, Registry } from './registry.ts'
import type { Source, Whole } from './source.ts'

export interface PushPorts {
  readonly from: Source
  readonly to: Registry
  /** prints a readable line */
  readonly say: (line: string) => void
}

/**
 * Pushes blobs before the manifest that names them, signatures before the signed manifest, and the tag last.
 * A crash leaves blobs and manifests without a tag; the next run finds and uses them. Resolves to the digest
 * that the tag now has.
 */
export async function push(ports: PushPorts, reference: string, tag: string): Promise<string> {
  const whole = await ports.from.whole(reference)
  await pushWhole(ports, whole, tag)
  const { digest } = whole.manifest
  const there = await ports.to.digestOf(tag)
  if (there !== undefined && there !== digest)
    throw new Error(
      `the tag ${tag} leads to ${there}, and not to the ${digest} that was pushed: who else pushes there?`,
    )
  return digest
}

async function pushWhole(ports: PushPorts, whole: Whole, reference: string): Promise<void> {
  const { parts, blobs, signature, manifest } = whole
  for (const part of parts) await pushWhole(ports, part, part.manifest.digest)
  for (const blob of blobs) {
    if (await ports.to.has(blob.digest)) ports.say(`${blob.digest} is there`)
    else {
      const content: Content = await ports.from.blob(blob)
      await ports.to.upload(content)
      ports.say(`${blob.digest} pushed, ${content.body.length} bytes`)
    }
  }
  if (signature !== undefined) await pushWhole(ports, signature.whole, signature.tag)
  else if (parts.length > 0) ports.say(`${manifest.digest} is not signed`)
  await ports.to.put(manifest, reference)
  ports.say(`${manifest.digest} pushed as ${reference}`)
}
