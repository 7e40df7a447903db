// Parses paths of package repositories. Pure and small, for the read path.

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

/** By the first segment: parses the others. Images have paths of their own: oci/paths.ts. */
const PLACES = new Map([
  ['apt', aptPlace],
  ['rpm', rpmPlace],
])

/** Whether the path is in a package repository. */
export const isOfPackages = (path: string): boolean =>
  PLACES.keys().some((name) => path.startsWith(`/${name}/`))

/**
 * `undefined`: no such file can exist.
 * @throws {ProbeError} `malformed`: the path contains a character that is not allowed.
 */
export function placeOf(path: string): Place | undefined {
  const [first = '', ...parts] = partsOf(path).parts
  return PLACES.get(first)?.(parts)
}
