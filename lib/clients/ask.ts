// A client's request, and the check that the registry parses it as the client means it.

import { isDeepStrictEqual } from 'node:util'
import type { Probe } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { malformed } from '../names/alphabet.ts'
import { parseProbe } from '../names/grammar.ts'

/** The driver that a client is configured to fetch. */
export type Wanted = Pick<Probe, 'driverVersion' | 'driverName' | 'kind'>

/** The kernel's part of a name, as a client computes it from a host. */
export type Identity = Pick<Probe, 'target' | 'kernelRelease' | 'kernelVersion'>

/** Returns the path of a request. @throws {ProbeError} `malformed`: it does not name a probe, or names a different one. */
export function ask(path: string, probe: Probe): string {
  if (isDeepStrictEqual(parseProbe(path).asked, probe)) return path
  throw malformed(`${quote(path)} reads as another probe than the client means`)
}
