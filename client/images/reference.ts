// Where an image is pushed to: a registry, a repository and a tag, as clients of images write it.

import { UsageError } from '../command-line.ts'

export interface Place {
  /** with its port, if it says one */
  readonly host: string
  readonly name: string
  readonly tag: string | undefined
}

const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const REFERENCE = new RegExp(
  `^([A-Za-z0-9.-]+(?::[0-9]{1,5})?|\\[[0-9a-f:]+\\](?::[0-9]{1,5})?)/(${PART}(?:/${PART})*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$`,
)

/** UsageError for what no client would take. */
export function placeOf(text: string): Place {
  const [, host = '', name = '', tag] = REFERENCE.exec(text) ?? []
  if (name === '' || name.length > 255)
    throw new UsageError(
      `${JSON.stringify(text)} is no REGISTRY/NAME or REGISTRY/NAME:TAG, as ghcr.io/you/probes`,
    )
  // What has neither dot nor port is a part of a name to other clients.
  if (!/[.:]/.test(host) && host !== 'localhost')
    throw new UsageError(
      `${JSON.stringify(text)} names no registry: begin with its host, as ghcr.io/${host}/${name}`,
    )
  return { host, name, tag }
}
