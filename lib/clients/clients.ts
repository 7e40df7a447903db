// Lists all clients that request probes. Each change of a client's requests, or of how it handles answers, has its own row.

import { isProbeError } from '../model/errors.ts'
import { type DriverName, KINDS, type Kind } from '../model/probe.ts'
import type { Wanted } from './ask.ts'
import { APRIL_2020, bashLoaderAsk, scapLoaderAsk } from './bash-loader.ts'
import type { HostFacts } from './facts.ts'
import { CURRENT_FALCOCTL, falcoctlAsk } from './falcoctl.ts'
import { probeLoaderAsk } from './probe-loader.ts'
import { since } from './version.ts'

export interface Client {
  readonly id: string
  readonly program:
    | 'falcoctl'
    | 'falco-driver-loader'
    | 'scap-driver-loader'
    | 'falco-probe-loader'
    | 'sysdig-probe-loader'
  /** human-readable: the products that contain the client */
  readonly versions: string
  readonly years: string
  /** the driver that it loads by default */
  readonly driverName: DriverName
  readonly kinds: readonly Kind[]
  /** number of redirects that it follows; 0: it saves the body of the redirect as the probe */
  readonly redirects: number
  /** limit of one try, body included; `undefined`: without limit */
  readonly trySeconds: number | undefined
  /** number of retries after 408, 429 and 5xx; they obey Retry-After */
  readonly retries: number
  /** whether the client ends with an error if the kernel refuses the module; false: it only warns */
  readonly failsWhenRefused: boolean
  /** The path of its request, with its default repository. @throws {ProbeError} It sends none, or no valid name. */
  readonly asks: (facts: HostFacts, wanted: Wanted) => string
}

/** Go's http.Client.Timeout includes redirects and body. */
const GO = { redirects: 10, trySeconds: 60, retries: 0 }
/** Options: `curl -L`. */
const CURL = { redirects: 50, trySeconds: undefined, retries: 0 }
/** Options: `--connect-timeout 5 --max-time 60 --retry 3 --retry-max-time 120`. */
const CURL_RETRYING = { redirects: 50, trySeconds: 60, retries: 3 }
const CURL_WITHOUT_L = { ...CURL, redirects: 0 }

const SCRIPT = { kinds: KINDS, failsWhenRefused: true }

/** `version`: the version whose rules apply to all of `versions`. */
const falcoctl = (
  version: string,
  versions: string,
  years: string,
  kinds: Client['kinds'] = KINDS,
): Client => ({
  ...{ id: `falcoctl-${version}`, program: 'falcoctl', versions, years, driverName: 'falco', kinds, ...GO },
  failsWhenRefused: since(version, '0.14.0'),
  asks: (facts, wanted) => falcoctlAsk(facts, wanted, version),
})

const driverLoader =
  (driverName: DriverName, asks: typeof bashLoaderAsk) =>
  (version: string, versions: string, years: string, curl: typeof CURL | typeof CURL_RETRYING): Client => ({
    id: `${driverName}-driver-loader-${version === APRIL_2020 ? '2020-04' : version}`,
    ...{ program: `${driverName}-driver-loader`, versions, years, driverName, ...SCRIPT, ...curl },
    asks: (facts, wanted) => asks(facts, wanted, version),
  })
const falcoLoader = driverLoader('falco', bashLoaderAsk)
const scapLoader = driverLoader('scap', scapLoaderAsk)

function probeLoader(driverName: DriverName, versions: string, years: string): Client {
  const id = driverName === 'falco' ? 'falco-probe-loader' : 'sysdig-probe-loader'
  return {
    ...{ id, program: id, versions, years, driverName, ...SCRIPT, ...CURL_WITHOUT_L },
    asks: (facts, wanted) => probeLoaderAsk(facts, wanted, driverName),
  }
}

/** Newest first within each program. */
export const CLIENTS: readonly Client[] = [
  falcoctl(CURRENT_FALCOCTL, 'falcoctl since 0.14.0 (Falco 0.45)', 'since September 2026', ['kmod']),
  falcoctl('0.13.0', 'falcoctl 0.13 (Falco 0.44)', 'May to September 2026', ['kmod']),
  falcoctl('0.10.0', 'falcoctl 0.10.0 to 0.12.2 (Falco 0.39 to 0.43)', 'September 2024 to May 2026'),
  falcoctl('0.8.0', 'falcoctl 0.8.0 to 0.9.1 (Falco 0.38)', 'May to September 2024'),
  falcoctl('0.7.2', 'falcoctl 0.7.2 and 0.7.3 (Falco 0.37.1)', 'February to May 2024'),
  falcoctl('0.7.0', 'falcoctl 0.7.0 and 0.7.1 (Falco 0.37.0)', 'January to February 2024'),
  falcoLoader('0.35.1', 'Falco 0.35.1 to 0.36.2', 'June 2023 to January 2024', CURL_RETRYING),
  falcoLoader('0.35.0', 'Falco 0.35.0', 'June 2023', CURL_RETRYING),
  falcoLoader('0.34.0', 'Falco 0.34', 'February to June 2023', CURL_RETRYING),
  falcoLoader('0.33.0', 'Falco 0.33', 'October 2022 to February 2023', CURL),
  falcoLoader('0.32.2', 'Falco 0.32.2', 'August to October 2022', CURL),
  falcoLoader('0.32.1', 'Falco 0.32.1', 'July to August 2022', CURL),
  falcoLoader('0.28.0', 'Falco 0.28 to 0.32.0', 'April 2021 to July 2022', CURL),
  falcoLoader('0.23.0', 'Falco 0.23 to 0.27', 'May 2020 to April 2021', CURL),
  falcoLoader(APRIL_2020, 'Falco between 0.22.1 and 0.23.0', 'April 2020', CURL_WITHOUT_L),
  scapLoader('0.32.0', 'sysdig 0.32 to 0.36', 'since June 2023', CURL_RETRYING),
  scapLoader('0.31.0', 'sysdig 0.31', 'March to June 2023', CURL_RETRYING),
  scapLoader('0.30.0', 'sysdig 0.30', 'October 2022 to March 2023', CURL),
  scapLoader('0.28.0', 'sysdig 0.28 and 0.29', 'December 2021 to October 2022', CURL),
  probeLoader('falco', 'Falco up to 0.22.1', 'up to May 2020'),
  probeLoader('scap', 'sysdig 0.1 to 0.27', '2015 to December 2021'),
]

/** All clients with the paths of their requests on a host, newest first. `why`: the client sends no request with a valid name. */
export const clientAnswers = (facts: HostFacts, wanted: Wanted) =>
  CLIENTS.map((client) => ({ client, ...answerOf(client, facts, wanted) }))

function answerOf({ asks }: Client, facts: HostFacts, wanted: Wanted): { path: string } | { why: string } {
  try {
    return { path: asks(facts, wanted) }
  } catch (error) {
    if (isProbeError(error)) return { why: error.message }
    throw error
  }
}
