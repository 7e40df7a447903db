// What the local services share: who may do what, and the shape of a service.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** A role brought to life: its own credentials, and its policies as the template has them. */
export interface Principal {
  /** logical id of the role, for messages */
  readonly name: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** when these credentials end, in milliseconds since the epoch; absent: with the stack */
  readonly endsAt?: number
  /** IAM's evaluation: an explicit deny wins, nothing is allowed by silence. `context`: condition keys, e.g. `aws:SecureTransport`. */
  may(action: string, resource: string, context?: Readonly<Record<string, string>>): boolean
}

/** Whoever asks a service: a role by its own requests, or a service of AWS on somebody's behalf. */
export type Sender = Pick<Principal, 'name' | 'may'>

export type Principals = (accessKeyId: string) => Principal | undefined

/** Answers one request; `body` only where the caller has read it already. */
export type Service = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Milliseconds since the epoch. */
export type Clock = () => number

export const REGION = 'us-east-1'
export const ACCOUNT = '000000000000'
