// The grammar of names: every path that is not the name of a probe is refused here.

import type { Probe } from '../probe.ts'
import { malformed, partsOf } from './alphabet.ts'
import { type Companion, formatCurrent, type Name, parseCurrent } from './current.ts'

export { type Companion, fileOf, type Name } from './current.ts'

/**
 * The probe that a raw request path (`/driver/...`, percent escapes as the client sent them) names, and
 * which of its companions. Total: a Name or ProbeError `malformed`.
 */
export function parse(path: string): Name {
  const [layout, ...parts] = partsOf(path)
  if (layout !== 'driver') throw malformed('the path does not begin with /driver/')
  return parseCurrent(parts)
}

/** Index key and object prefix of a probe: its canonical path, without the first slash. */
export const keyOf = (probe: Probe): string => `driver/${formatCurrent(probe).join('/')}`

/** The probe of a key that `keyOf` made. */
export const probeOf = (key: string): Probe => parse(`/${key}`).probe

/** The canonical path, as a URL reference: `+` and `~` are plain characters in a path (RFC 3986, 3.3). */
export const format = (probe: Probe, companion?: Companion): string =>
  `/${keyOf(probe)}${companion === undefined ? '' : `.${companion}`}`
