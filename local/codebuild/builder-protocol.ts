// Messages between the stack and the builder's process.

import type { RootPlaces } from '../roots.ts'

export interface Order {
  /** this stack's folder for the folders of its builds; every user can pass through it */
  readonly scratch: string
  readonly roots: RootPlaces
  /** digest of the root that is the image */
  readonly image: string
  /** the socket of the store, the only service that a build reaches */
  readonly store: string
  /** contents by file name; one of them is `driver` */
  readonly scripts: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
  /** whether the build may create namespaces, and so sandboxes of its own */
  readonly privileged: boolean
}

/** `run`: number of the run, counted by the stack. */
export type ToBuilder =
  | { readonly tag: 'run'; readonly run: number; readonly order: Order }
  | { readonly tag: 'kill'; readonly run: number }

export type FromBuilder =
  /** a part of the log; bounded */
  | { readonly tag: 'output'; readonly run: number; readonly bytes: Uint8Array }
  /** a report of the driver: one line */
  | { readonly tag: 'told'; readonly run: number; readonly line: string }
  /** the sandbox has ended; `failure`: why the build failed */
  | { readonly tag: 'ended'; readonly run: number; readonly failure: string | undefined }
