// What the clients in the field ask for, computed from the facts of a host: the inverse of lib/names.

import { isProbeError } from '../model/errors.ts'
import type { Ask, Identity, Wanted } from './ask.ts'
import { CLIENTS, type Client } from './clients.ts'
import type { HostFacts } from './facts.ts'
import { falcoctlIdentity } from './falcoctl.ts'
import type { ConfigAsk } from './probe-loader.ts'

/** What a client asks for on a host, or why it asks nothing there, or nothing that is a name. */
type ClientAnswer = { readonly client: Client } & (Ask | ConfigAsk | { readonly why: string })

/** Of every client that there has been, newest first. */
export const clientAnswers = (facts: HostFacts, wanted: Wanted): ClientAnswer[] =>
  CLIENTS.map((client) => answerOf(client, facts, wanted))

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
 * makes it so.
 * @throws {ProbeError} `unsupported-kernel`, `unknown-target`.
 */
export const hostName = (facts: HostFacts): Identity => falcoctlIdentity(facts)
