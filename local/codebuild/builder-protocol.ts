// What the stack and the builder's process say to each other.

import type { RootPlaces } from '../roots.ts'

export interface Order {
  /** this stack's own folder, in which the build gets one of its own; every user can pass through to it */
  readonly scratch: string
  readonly roots: RootPlaces
  /** digest of the root that the image is made of */
  readonly image: string
  /** the socket of the one service that a build reaches */
  readonly store: string
  /** by file name, with a `driver` among them */
  readonly scripts: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
  /** whether what runs in it may make namespaces, and so sandboxes of its own */
  readonly privileged: boolean
}

/** `run`: which build is meant; the stack counts them. */
export type ToBuilder =
  | { readonly tag: 'run'; readonly run: number; readonly order: Order }
  | { readonly tag: 'kill'; readonly run: number }

export type FromBuilder =
  /** of the log, as it comes; bounded */
  | { readonly tag: 'output'; readonly run: number; readonly bytes: Uint8Array }
  /** a line that the driver tells */
  | { readonly tag: 'told'; readonly run: number; readonly line: string }
  /** Nothing of the sandbox is left. `failure`: why it did not end well. */
  | { readonly tag: 'ended'; readonly run: number; readonly failure: string | undefined }
