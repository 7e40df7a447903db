// Types that the local services share: principals, senders and services.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** A role of the template with its credentials and its policies. */
export interface Principal {
  /** logical id of the role, for messages */
  readonly name: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** end of these credentials in milliseconds since the epoch; absent: valid until the stack stops */
  readonly endsAt?: number
  /** IAM's decision: an explicit deny wins, and the default is no. `context`: condition keys, e.g. `aws:SecureTransport`. */
  may(action: string, resource: string, context?: Readonly<Record<string, string>>): boolean
}

/** The caller of a service: a role, or a service of AWS that acts for a resource. */
export type Sender = Pick<Principal, 'name' | 'may'>

export type Principals = (accessKeyId: string) => Principal | undefined

/** Handles one request. */
export type Service = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Milliseconds since the epoch. */
export type Clock = () => number

export const REGION = 'us-east-1'
export const ACCOUNT = '000000000000'
