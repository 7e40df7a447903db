// Ports: what the domain needs from outside. Adapters are in lib/aws; each runs the contract tests.

import type { Stored } from './digest.ts'
import type { DriverCatalogue } from './drivers.ts'
import type { RegistryEvent } from './events.ts'
import type { ImageObject, Tagged } from './image.ts'
import type { RecordedKernel } from './kernel.ts'
import type { Pointer } from './pointer.ts'
import type { Claim, Failure, LoadTest, Probe, ProbeState, Publication, Source } from './probe.ts'

/** Milliseconds since the epoch. The clock may be set between two calls, forward or back. */
export type Clock = () => number

/** Milliseconds of a monotonic clock. */
export type Elapsed = () => number

/** A new unguessable id of `[0-9a-f-]` (a UUID). */
export type NewId = () => string

/** Each write is conditional and to one item, so a repeated or late call changes nothing. */
export interface Index {
  /** `undefined`: absent or expired. `consistent: false` may be a second old. */
  get(key: string, options?: { consistent?: boolean }): Promise<ProbeState | undefined>
  /**
   * absent, failed-and-due or building-past-deadline -> building. Resolves to the attempt's number, or to
   * `undefined` for the losers.
   */
  claim(
    key: string,
    claim: Pick<Claim, 'id' | 'claimedAt' | 'deadline' | 'caller'> & Expiring,
  ): Promise<number | undefined>
  /** building(claim) -> the same, with a plan begun at `at`; `undefined`: the claim is lost. */
  planned(key: string, claim: string, at: number): Promise<Claim | undefined>
  /** building(claim) -> the same, with a sign of life at `at`; false: the last one is recent, or the claim is lost. */
  waited(key: string, claim: string, at: number): Promise<boolean>
  /**
   * building(claim), or published(claim) in its load test, with nothing running -> the same in the queue until `deadline`; keeps
   * an earlier place in the queue. False: something runs, or the claim is lost.
   */
  queued(key: string, claim: string, at: number, deadline: number): Promise<boolean>
  /**
   * In load test number `test` -> the same with nothing running, and that test does not count; false: another test runs, or the
   * claim is lost. `buildId`: of the test; absent: any.
   */
  spare(key: string, claim: string, test: { test: number; buildId?: string }): Promise<boolean>
  /** building(claim) -> building(claim) with its build and the build's deadline; false: the claim is lost. */
  started(key: string, claim: string, build: { buildId: string; deadline: number }): Promise<boolean>
  /**
   * building(claim), or published(claim) without a verdict -> the same in its load test number `test`, until `deadline`.
   * Without `buildId` it requests the test, for one caller only; with it, that test runs. False: this test or a later one was
   * requested already; it has a verdict; the claim is lost.
   */
  testing(key: string, claim: string, test: Testing & { buildId?: string }): Promise<boolean>
  /** building(claim) -> published, in its load test if `testing`; false: the claim is lost. */
  publish(key: string, claim: string, publication: Publication, testing?: Testing): Promise<boolean>
  /** building(claim) -> failed; false: the claim is lost. */
  fail(key: string, claim: string, failure: Failure & Expiring): Promise<boolean>
  /** building(claim) -> alias of the probe at the key `of`; false: the claim is lost. */
  alias(key: string, claim: string, of: string): Promise<boolean>
  /**
   * One page of the index, of one kernel release (as in the name) or of all. `limit`: number of items read; corrupt items are
   * skipped. `next` is the `cursor` of the next page.
   */
  list(page: {
    release?: string | undefined
    cursor?: string | undefined
    limit: number
  }): Promise<{ items: { key: string; state: ProbeState }[]; next?: string }>
  /** Adds the verdict to this claim's published probe; false: it has one, or the claim is lost. */
  verdict(key: string, claim: string, loadTest: LoadTest): Promise<boolean>
  /** Keys and claims of builds and load tests past their deadline at `now`, oldest first, at most `limit`. */
  overdue(now: number, limit: number): Promise<{ key: string; claim: string }[]>
  /** Builds and load tests that run or wait, at most `limit`, the nearest deadline first; may be a second old. */
  open(limit: number): Promise<Open[]>
}

/** A build or load test that runs or waits for its turn. */
export interface Open {
  readonly key: string
  readonly state: Extract<ProbeState, { state: 'building' | 'published' }>
}

/** A requested load test. */
export interface Testing {
  /** its number, from 1 */
  readonly test: number
  /** milliseconds since the epoch: after it the next one is requested */
  readonly deadline: number
  /** the tested probe */
  readonly probe?: Measured
}

export interface Measured {
  readonly sha256: string
  readonly bytes: number
}

/** Only before a build: a started build and a published probe never expire. */
interface Expiring {
  /** milliseconds since the epoch: from then on the item counts as absent; it is deleted later */
  readonly expiresAt?: number
}

export interface Budgets {
  /**
   * Spends `units` (1) of `budget` (e.g. `builds/2026-11-23`) for `claim`, all of them or none; false when fewer are left
   * of `limit`. The same claim spends once, however often it asks.
   */
  spend(budget: string, claim: string, limit: number, units?: number): Promise<boolean>
  /** A look without a write, maybe a second old: is there nothing left to spend? */
  exhausted(budget: string, limit: number): Promise<boolean>
  /** Takes back the `units` (1) that `claim` spent; what it did not spend is left alone. */
  giveBack(budget: string, claim: string, units?: number): Promise<void>
}

/** A place, taken until its release or until `until` (milliseconds since the epoch), which frees it after a crash. */
export interface Lease {
  readonly id: string
  readonly until: number
}

/** Open requests by holder. */
export interface Holds {
  /** Takes one of the holder's `limit` places; false: all are taken. */
  take(holder: string, lease: Lease, limit: number): Promise<boolean>
  /** Frees the place; does nothing if it is free. */
  release(holder: string, lease: Lease): Promise<void>
}

/** Owner of a place: a build, or load test number `test`. */
export interface Place {
  readonly claim: string
  readonly test?: number | undefined
}

/** Limits how many builds and load tests run at one time. */
export interface Places {
  /**
   * Takes one of `limit` places until its release, or until `until` (milliseconds since the epoch). `had`: it has one already.
   * `full`: all are taken.
   */
  take(place: Place, until: number, limit: number): Promise<'taken' | 'had' | 'full'>
  /** Frees it; false: it was free. */
  release(place: Place): Promise<boolean>
  /** Recent average of a build's seconds; `undefined`: no build has ended yet. */
  typicalSeconds(): Promise<number | undefined>
}

/** Digests of driver sources (trust on first use, where the catalogue pins none) and of verified kernel sources. */
export interface Sources {
  recorded(driverVersion: string): Promise<Source | undefined>
  /** Resolves to the record: `source`, or that of an earlier call. */
  record(driverVersion: string, source: Source): Promise<Source>
  /** Human-readable: how to have the next build record it anew; default: `probe-registry digests forget`. */
  readonly forgetBy?: (driverVersion: string) => string
}

export interface Catalogue {
  /** `undefined`: never read */
  read(): Promise<DriverCatalogue | undefined>
  /** Takes the right to read the lists until `until`; one caller has it at a time. */
  claim(now: number, until: number): Promise<boolean>
  /** Ends the claim. */
  write(catalogue: DriverCatalogue): Promise<void>
}

/** Dates of the newest list that an archive signed for each suite, from any mirror. */
export interface ListDates {
  /** milliseconds since the epoch; `undefined`: none was read yet */
  newest(list: string): Promise<number | undefined>
  /** Never replaces a later date. */
  seen(list: string, date: number): Promise<void>
}

/** Pointers of package repositories, by an id such as `apt/11.0.0+driver`. */
export interface Pointers {
  /** `undefined`: never written. `consistent: false` may be a second old. */
  read(id: string, options?: { consistent?: boolean }): Promise<Pointer | undefined>
  /** Replaces number `next.number - 1`, or creates number 1; false: another was faster. */
  move(id: string, next: Pointer): Promise<boolean>
  /** Sorted ids of a kind such as `apt/`; a crash may leave an id without a pointer. */
  ids(kind: string): Promise<readonly string[]>
}

/** Items of the image registry, by digest (`sha256:...`) and tag (`repository:tag`). */
export interface Images {
  /** `undefined`: unknown. May be a second old. */
  find(digest: string): Promise<ImageObject | undefined>
  /** By digest. A repeated call adds probes to `of`, and replaces all other members. */
  keep(objects: Readonly<Record<string, ImageObject>>): Promise<void>
  /** `undefined`: unknown. `consistent: false` may be a second old. */
  tagged(name: string, options?: { consistent?: boolean }): Promise<Tagged | undefined>
  /** Replaces number `next.number - 1`, or creates number 1; false: another was faster. */
  move(name: string, next: Tagged): Promise<boolean>
}

/** Submitted kernels, by `recordId`. */
export interface Kernels {
  recorded(id: string): Promise<RecordedKernel | undefined>
  /** Resolves to the record: `kernel`, or that of an earlier call. */
  record(id: string, kernel: RecordedKernel): Promise<RecordedKernel>
}

/** What earlier builds made for later ones: kernel build trees by their `treeKey`, kernel images by their `imageKey`. */
export interface BuildCache {
  find(key: string): Promise<Stored | undefined>
  /** The first one stays. */
  keep(key: string, body: Uint8Array): Promise<void>
}

/** One bucket. Keys are `[A-Za-z0-9.+~_/-]`, never with `..`. */
export interface Store {
  /** Bytes of the object; `undefined`: absent. */
  size(key: string): Promise<number | undefined>
  /** Digest and size; `undefined`: absent. */
  stat(key: string): Promise<Stored | undefined>
  /** `undefined`: absent. @throws {ProbeError} `too-large`: more than `maxBytes`. */
  get(key: string, maxBytes: number): Promise<Uint8Array | undefined>
  /** Never replaces an object; `exists`: there is one already. */
  create(key: string, body: Uint8Array, meta: ObjectMeta): Promise<'created' | 'exists'>
}

export interface ObjectMeta {
  readonly contentType: string
  /** lower-case hex; stored as checksum and metadata */
  readonly sha256: string
}

/** A folder for composing a build root. Paths are relative, and their parents exist; nothing is overwritten. */
export interface Folder {
  makeFolder(path: string): void
  writeFile(path: string, body: Uint8Array, executable: boolean): void
  symlink(path: string, target: string): void
  /** Adds a hard link to the file `of`. */
  sameFile(path: string, of: string): void
  readFile(path: string): Uint8Array
  /** All entries, sorted by the bytes of their names, a folder before its contents. */
  entries(): Iterable<FolderEntry>
}
export type FolderEntry =
  | { readonly tag: 'folder'; readonly path: string }
  | { readonly tag: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly tag: 'file'
      readonly path: string
      readonly executable: boolean
      readonly bytes: number
      /** A chunk is valid until the next one is read. */
      chunks(): Iterable<Uint8Array>
    }

/** Signs URLs without a call. */
export interface Presigner {
  /** `fileName`: for the answer's Content-Disposition. */
  get(key: string, options: PresignOptions & { fileName?: string; contentType?: string }): Promise<string>
  head(key: string, options: PresignOptions): Promise<string>
  put(key: string, options: PresignOptions): Promise<string>
}
export interface PresignOptions {
  readonly expiresSeconds: number
}

export type BuildStatus = 'running' | 'succeeded' | 'failed' | 'timed-out' | 'unknown'

/** Where a build failed, as reported by its builder. */
export interface BrokeOff {
  /** it reached its first command */
  readonly begun: boolean
  /** it waited for a machine in vain */
  readonly neverBegan?: boolean
  /** human-readable line; may be empty */
  readonly why: string
}

export interface BuildLook {
  readonly status: BuildStatus
  /** for `failed` and `timed-out`, where the builder reports it */
  readonly brokeOff?: BrokeOff
}

export interface Builder {
  /** Starts the build, or finds the one that this claim started before; `undefined`: the builder is full. */
  start(build: BuildOrder): Promise<string | undefined>
  /** The state, or the end, as in the event of its end. */
  look(buildId: string): Promise<BuildLook>
  stop(buildId: string): Promise<void>
}
/** A build makes the probe; in a load test its own kernel loads it. */
export type Phase = 'build' | 'load-test'
export type BuildOrder = OrderOfBuild &
  ({ readonly phase: 'build' } | { readonly phase: 'load-test'; readonly test: number })
interface OrderOfBuild {
  readonly key: string
  readonly probe: Probe
  readonly claim: string
  /** presigned GET of the job document; the build checks its digest */
  readonly jobUrl: string
  readonly jobSha256: string
  /** digest of the root of its steps; the machine may have it already */
  readonly stepsRoot: string
}

export interface Bus {
  emit(event: RegistryEvent): Promise<void>
}

export interface Signer {
  /**
   * ASCII-armored detached OpenPGP signature over `body` and the parts of its statement (`statementOf`). `at`: its time, in
   * milliseconds since the epoch (default now); with it the signature is deterministic.
   */
  sign(body: Uint8Array, statement: readonly string[], at?: number): Promise<string>
  /** The text with a cleartext signature (RFC 9580, section 7). No line may end with a blank. */
  signText(text: string): Promise<string>
  /**
   * For clients without OpenPGP: RSA PKCS #1 v1.5 over SHA-256 by the same key, deterministic; `undefined`: not an RSA key.
   */
  signPlain(body: Uint8Array): Promise<Uint8Array | undefined>
}

/**
 * GET of a URL (http, https); follows redirects to public addresses and to places in the operator's settings.
 * `maxMilliseconds`: for the complete download, where it should end earlier than by default.
 * @throws {ProbeError} `not-found` (404, 410), `mirror-unreachable` (any other answer, or none in time), `too-large`.
 */
export type Fetch = (
  url: string,
  options: { readonly maxBytes: number; readonly maxMilliseconds?: number },
) => Promise<Uint8Array>

/** Writes a line of structured log; it must not contain presigned URLs or keys. */
export type Log = (event: string, fields?: Readonly<Record<string, string | number | boolean>>) => void

/** Queries an untrusted SQLite database. Rejects with an Error if it is not one. */
export type QueryDatabase = (
  database: Uint8Array,
  query: string,
) => Promise<readonly Readonly<Record<string, unknown>>[]>
