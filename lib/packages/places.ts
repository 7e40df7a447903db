// Parses paths of package repositories. Pure and small, for the read path.

import { CHANNELS, type ChannelName } from '../model/keys.ts'
import { partsOf } from '../names/alphabet.ts'
import { aptPlace } from './apt/paths.ts'
import { rpmPlace } from './rpm/paths.ts'

export type Place =
  /** the repository's current file of that name */
  | { readonly tag: 'shown'; readonly id: string; readonly file: string }
  /** a text with the URL of a snapshot, whose files do not change while a host reads them */
  | { readonly tag: 'mirrors'; readonly id: string }
  /** an object that never changes */
  | { readonly tag: 'kept'; readonly object: string }
  /** a package of the probe with that key, served only while the probe is */
  | { readonly tag: 'package'; readonly object: string; readonly key: string }

/** `parts`: segments below `/apt/` or `/rpm/`; `undefined`: no such file can exist. */
export type PlaceOf = (parts: readonly string[]) => Place | undefined

const PLACES: Readonly<Record<ChannelName, PlaceOf>> = {
  apt: aptPlace,
  rpm: rpmPlace,
  oci: () => undefined,
}

/** @throws {ProbeError} `malformed`: the path contains a character that is not allowed. */
export function placeOf(path: string): Place | undefined {
  const [first, ...parts] = partsOf(path).parts
  const channel = CHANNELS.find((name) => name === first)
  return channel === undefined ? undefined : PLACES[channel](parts)
}
