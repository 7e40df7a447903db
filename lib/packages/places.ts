// Where a path of a repository leads: pure and light, for the read path.

import { CHANNELS, type ChannelName } from '../model/keys.ts'
import { partsOf } from '../names/alphabet.ts'
import { aptPlace } from './apt/paths.ts'
import { rpmPlace } from './rpm/paths.ts'

export type Place =
  /** whatever the repository of that id shows under that name now */
  | { readonly tag: 'shown'; readonly id: string; readonly file: string }
  /** the URL of what it shows now, whose files do not change while a host reads them */
  | { readonly tag: 'mirrors'; readonly id: string }
  /** an object that never changes */
  | { readonly tag: 'kept'; readonly object: string }
  /** a package of the probe of that key, which goes with it */
  | { readonly tag: 'package'; readonly object: string; readonly key: string }

/** `parts`: of a path, below the kind's own; `undefined`: nothing was ever there, whatever was published */
export type PlaceOf = (parts: readonly string[]) => Place | undefined

const PLACES: Readonly<Record<ChannelName, PlaceOf>> = {
  apt: aptPlace,
  rpm: rpmPlace,
  oci: () => undefined,
}

/** ProbeError `malformed` for what no path of the registry holds. */
export function placeOf(path: string): Place | undefined {
  const [first, ...parts] = partsOf(path).parts
  const channel = CHANNELS.find((name) => name === first)
  return channel === undefined ? undefined : PLACES[channel](parts)
}
