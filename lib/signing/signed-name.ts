// What a signature says of its bytes: a genuine probe in the place of another is as bad as a forged one.

import type { Probe } from '../model/probe.ts'

/**
 * RFC 9580, section 5.2.3.24: a notation of the signature, under a domain as user-defined names have one; `.internal`
 * is nobody's.
 */
export const NOTATION = 'probe@falco-probe-registry.internal'

/**
 * `{driverName}/{driverVersion}/{kind}/{arch}/{uname -r}`, and `/{config}` where a host's submission decided the
 * bytes. Facts that a host knows of itself, whatever alias it asks by; the parts are of the alphabet of names, which
 * has no slash.
 */
export const signedName = (
  { driverName, driverVersion, kind, arch, config }: Probe,
  unameRelease: string,
): string =>
  [driverName, driverVersion, kind, arch, unameRelease, ...(config === undefined ? [] : [config])].join('/')
