// Parses the target of a push as image clients write it: registry, repository and tag.

import { UsageError } from '../command-line.ts'

export interface Place {
  /** host name, with the port if the text has one */
  readonly host: string
  readonly name: string
  readonly tag: string | undefined
}

const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const REFERENCE = new RegExp(
  `^([A-Za-z0-9.-]+(?::[0-9]{1,5})?|\\[[0-9a-f:]+\\](?::[0-9]{1,5})?)/(${PART}(?:/${PART})*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$`,
)

/** @throws {UsageError} for a text that image clients refuse */
export function placeOf(text: string): Place {
  const [, host = '', name = '', tag] = REFERENCE.exec(text) ?? []
  if (name === '' || name.length > 255)
    throw new UsageError(
      `${JSON.stringify(text)} is not REGISTRY/NAME or REGISTRY/NAME:TAG, as ghcr.io/you/probes`,
    )
  // Other clients read a first part without dot or port as part of the repository.
  if (!/[.:]/.test(host) && host !== 'localhost')
    throw new UsageError(
      `${JSON.stringify(text)} names no registry: begin with its host, as ghcr.io/${host}/${name}`,
    )
  return { host, name, tag }
}
