// Computes the requests of all clients from the facts of a host: the inverse of lib/names.

import { isProbeError } from '../model/errors.ts'
import type { Ask, Identity, Wanted } from './ask.ts'
import { CLIENTS, type Client } from './clients.ts'
import type { HostFacts } from './facts.ts'
import { falcoctlIdentity } from './falcoctl.ts'
import type { ConfigAsk } from './probe-loader.ts'

/** A client's request on a host, or `why` the client sends no request with a valid name. */
type ClientAnswer = { readonly client: Client } & (Ask | ConfigAsk | { readonly why: string })

/** All clients, newest first. */
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
 * The name that the current falcoctl computes, for any kind of probe. It may be an alias: see `canonical` of lib/names.
 * @throws {ProbeError} `unsupported-kernel`, `unknown-target`.
 */
export const hostName = (facts: HostFacts): Identity => falcoctlIdentity(facts)
