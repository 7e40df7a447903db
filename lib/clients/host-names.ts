// What the clients in the field ask for, computed from the facts of a host: the inverse of lib/names.

import { isProbeError } from '../model/errors.ts'
import type { Ask, Identity, Wanted } from './ask.ts'
import { CLIENTS, type Client } from './clients.ts'
import type { HostFacts } from './facts.ts'
import { falcoctlIdentity } from './falcoctl.ts'
import type { ConfigAsk } from './probe-loader.ts'

export type { Ask, Identity, Wanted } from './ask.ts'
export { CLIENTS, type Client, type Patience } from './clients.ts'
export {
  type HostFacts,
  hostFacts,
  type IgnoredFact,
  NEEDED,
  type OsRelease,
  parseOsRelease,
  type RawFacts,
} from './facts.ts'
export { falcoctlAsk } from './falcoctl.ts'
export type { ConfigAsk } from './probe-loader.ts'
export { type Target, targetOf } from './targets.ts'

export type ClientName = (Ask | ConfigAsk) & { readonly client: Client }

/** What a client asks for on a host, or why it asks nothing there, or nothing that is a name. */
export type ClientAnswer = ClientName | { readonly client: Client; readonly why: string }

/** Of every client that there has been, newest first. */
export const clientAnswers = (facts: HostFacts, wanted: Wanted): ClientAnswer[] =>
  CLIENTS.map((client) => answerOf(client, facts, wanted))

/** The same without those that would ask nothing there. */
export const clientNames = (facts: HostFacts, wanted: Wanted): ClientName[] =>
  clientAnswers(facts, wanted).filter((answer) => 'path' in answer)

function answerOf(client: Client, facts: HostFacts, wanted: Wanted): ClientAnswer {
  try {
    return { client, ...client.asks(facts, wanted) }
  } catch (error) {
    if (isProbeError(error)) return { client, why: error.message }
    throw error
  }
}

/**
 * What a host's own loader of today makes of it, whatever the kind. Not canonical yet: `canonical` of lib/names
 * makes it so. ProbeError `unsupported-kernel`, `unknown-target`.
 */
export const hostName = (facts: HostFacts): Identity => falcoctlIdentity(facts)
