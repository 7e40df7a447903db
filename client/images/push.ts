// A published probe of one registry into another registry of images, with its signatures, so that nobody finds half of it.

import type { Content, Registry } from './registry.ts'
import type { Source, Whole } from './source.ts'

export interface PushPorts {
  readonly from: Source
  readonly to: Registry
  /** a line for a person */
  readonly say: (line: string) => void
}

/**
 * Blobs before the manifest that names them, signatures before what they sign, and the tag last. A crash leaves blobs and
 * manifests that no tag leads to; the same command again finds them there. Resolves to the digest of what has the tag now.
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
