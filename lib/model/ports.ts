// What the domain needs from the world. Adapters stand in lib/aws; every one runs the contract tests.

import type { Stored } from './digest.ts'
import type { DriverCatalogue } from './drivers.ts'
import type { RegistryEvent } from './events.ts'
import type { ImageObject, Tagged } from './image.ts'
import type { RecordedKernel } from './kernel.ts'
import type { Pointer } from './pointer.ts'
import type { Claim, Failure, LoadTest, Probe, ProbeState, Publication, Source } from './probe.ts'

/** Milliseconds since the epoch. A host's clock may be set, in both directions, between two looks. */
export type Clock = () => number

/** Milliseconds since some moment of this process: it never goes back. */
export type Elapsed = () => number

/** A fresh unguessable id, of `[0-9a-f-]` (a UUID). */
export type NewId = () => string

/** Every write is conditional and on one item, so that a repeated or late call changes nothing. */
export interface Index {
  /** The state of the probe, `undefined` when absent or expired. `consistent: false` may be a second old. */
  get(key: string, options?: { consistent?: boolean }): Promise<ProbeState | undefined>
  /**
   * absent, failed-and-due or building-past-deadline -> building. Resolves to the attempt's number, or to
   * `undefined` for the losers.
   */
  claim(
    key: string,
    claim: Pick<Claim, 'id' | 'claimedAt' | 'deadline' | 'caller'> & Expiring,
  ): Promise<number | undefined>
  /** building(claim) -> the same, whose plan was begun at `at`; `undefined`: the claim is lost. */
  planned(key: string, claim: string, at: number): Promise<Claim | undefined>
  /** building(claim) -> the same, with a sign of life at `at`; false: there was one a moment ago, or the claim is lost. */
  waited(key: string, claim: string, at: number): Promise<boolean>
  /**
   * building(claim), or published(claim) in its load test, of which nothing runs -> the same in the queue, where it keeps
   * the place that it has, until `deadline`; false: something of it runs, or the claim is lost.
   */
  queued(key: string, claim: string, at: number, deadline: number): Promise<boolean>
  /**
   * What is in its load test number `test` -> the same, where nothing runs and that test does not count; false: another
   * runs, or the claim is lost. `buildId`: of the test; absent: whichever.
   */
  spare(key: string, claim: string, test: { test: number; buildId?: string }): Promise<boolean>
  /** building(claim) -> building(claim) with its build and the build's deadline; false: the claim is lost. */
  started(key: string, claim: string, build: { buildId: string; deadline: number }): Promise<boolean>
  /**
   * building(claim), or published(claim) without a verdict -> the same in its load test number `test`, until `deadline`.
   * Without `buildId` the test is asked for, by one caller only; with it, that test runs. False: somebody asked for it
   * already, or for a later one; it has a verdict; the claim is lost.
   */
  testing(key: string, claim: string, test: Testing & { buildId?: string }): Promise<boolean>
  /** building(claim) -> published, in its load test where one is to come; false: the claim is lost. */
  publish(key: string, claim: string, publication: Publication, testing?: Testing): Promise<boolean>
  /** building(claim) -> failed; false: the claim is lost. */
  fail(key: string, claim: string, failure: Failure & Expiring): Promise<boolean>
  /** building(claim) -> alias of the probe at the key `of`; false: the claim is lost. */
  alias(key: string, claim: string, of: string): Promise<boolean>
  /**
   * One page of what is in the index, of one kernel release (as it stands in the name) or of all. `limit`: items that are
   * looked at; those that were written by hand and are none are left out. `next` is the `cursor` of the page after it.
   */
  list(page: {
    release?: string | undefined
    cursor?: string | undefined
    limit: number
  }): Promise<{ items: { key: string; state: ProbeState }[]; next?: string }>
  /** Adds the verdict to what this claim has published; false: it has one, or the claim is another's. */
  verdict(key: string, claim: string, loadTest: LoadTest): Promise<boolean>
  /** Probes whose build or load test is past its deadline at `now`, oldest first, at most `limit`; and their claims. */
  overdue(now: number, limit: number): Promise<{ key: string; claim: string }[]>
  /** What is being built or tested, or waits for it, at most `limit`, the nearest deadline first; maybe a second old. */
  open(limit: number): Promise<Open[]>
}

/** A build or a load test that runs, or that waits for its turn. */
export interface Open {
  readonly key: string
  readonly state: Extract<ProbeState, { state: 'building' | 'published' }>
}

/** A load test that is asked for. */
export interface Testing {
  /** which one of that probe, from 1 */
  readonly test: number
  /** milliseconds since the epoch: past it the next one is asked for */
  readonly deadline: number
  /** of the probe that it is a test of */
  readonly probe?: Measured
}

export interface Measured {
  readonly sha256: string
  readonly bytes: number
}

/** Of what no build was started for. A build that is started, and what is published, never expires. */
interface Expiring {
  /** milliseconds since the epoch: from then on the item counts as absent, and is deleted some time later */
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

/** A place that is taken until it is released, or until then (milliseconds since the epoch): a crash frees it by time. */
export interface Lease {
  readonly id: string
  readonly until: number
}

/** Who holds how many requests open. */
export interface Holds {
  /** Takes one of the holder's `limit` places; false: all are taken. */
  take(holder: string, lease: Lease, limit: number): Promise<boolean>
  /** Frees it; a place that is free is left alone. */
  release(holder: string, lease: Lease): Promise<void>
}

/** Whose build, or whose load test, from 1, has a place. */
export interface Place {
  readonly claim: string
  readonly test?: number | undefined
}

/** Where builds and load tests run: so many at one time. */
export interface Places {
  /**
   * Takes one of `limit` until then (milliseconds since the epoch), when it is free again if nobody releases it. `had`: it
   * has one already. `full`: there is none.
   */
  take(place: Place, until: number, limit: number): Promise<'taken' | 'had' | 'full'>
  /** Frees it; false: it was free. */
  release(place: Place): Promise<boolean>
  /** Seconds that a build has its place, of late; `undefined`: none has ended yet. */
  typicalSeconds(): Promise<number | undefined>
}

/** Digests of driver sources, recorded at first use where the catalogue pins none; those of kernels, once verified. */
export interface Sources {
  recorded(driverVersion: string): Promise<Source | undefined>
  /** Resolves to what is on record afterwards: `source`, or what another call recorded first. */
  record(driverVersion: string, source: Source): Promise<Source>
  /** What a person does so that the next build records it anew; default: `probe-registry digests forget` */
  readonly forgetBy?: (driverVersion: string) => string
}

export interface Catalogue {
  /** `undefined`: never read */
  read(): Promise<DriverCatalogue | undefined>
  /** The right to read the lists, for one at a time; `until`: from when on the next may take it. */
  claim(now: number, until: number): Promise<boolean>
  /** Ends the claim. */
  write(catalogue: DriverCatalogue): Promise<void>
}

/** How new the newest list was that an archive signed for a suite, whichever mirror had it. */
export interface ListDates {
  /** milliseconds since the epoch; `undefined`: none was ever read */
  newest(list: string): Promise<number | undefined>
  /** A later date stays. */
  seen(list: string, date: number): Promise<void>
}

/** What each repository of packages shows, by an id such as `apt/11.0.0+driver`. */
export interface Pointers {
  /** `undefined`: nothing was ever in it. `consistent: false` may be a second old. */
  read(id: string, options?: { consistent?: boolean }): Promise<Pointer | undefined>
  /** Puts `next` in the place of number `next.number - 1`, or of nothing; false: another was faster. */
  move(id: string, next: Pointer): Promise<boolean>
  /** What was moved of a kind, e.g. all that begin with `apt/`, sorted; and maybe one that was about to be. */
  ids(kind: string): Promise<readonly string[]>
}

/** What the registry of images has, by digests (`sha256:...`) and by tags (`repository:tag`). */
export interface Images {
  /** `undefined`: nothing was ever kept by that digest. May be a second old. */
  find(digest: string): Promise<ImageObject | undefined>
  /** By digest. Again, each adds to the probes that it is of; of all else the last one counts. */
  keep(objects: Readonly<Record<string, ImageObject>>): Promise<void>
  /** `undefined`: nothing was ever tagged so. `consistent: false` may be a second old. */
  tagged(name: string, options?: { consistent?: boolean }): Promise<Tagged | undefined>
  /** Puts `next` in the place of number `next.number - 1`, or of nothing; false: another was faster. */
  move(name: string, next: Tagged): Promise<boolean>
}

/** Kernels that hosts submitted, by `recordId`. */
export interface Kernels {
  recorded(id: string): Promise<RecordedKernel | undefined>
  /** Resolves to what is on record afterwards: `kernel`, or what another call recorded first. */
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
  /** Bytes of the object; `undefined` when absent. */
  size(key: string): Promise<number | undefined>
  /** What it was created as; `undefined` when absent. */
  stat(key: string): Promise<Stored | undefined>
  /** The whole object; `undefined` when absent; ProbeError `too-large` above `maxBytes`. */
  get(key: string, maxBytes: number): Promise<Uint8Array | undefined>
  /** Creates the object; `exists` when there is one already, which stays as it is. */
  create(key: string, body: Uint8Array, meta: ObjectMeta): Promise<'created' | 'exists'>
}

export interface ObjectMeta {
  readonly contentType: string
  /** lower-case hex; stored as checksum and metadata */
  readonly sha256: string
}

/** A folder that a build root is composed in. Paths are relative, their parents are there; what is there stays as it is. */
export interface Folder {
  makeFolder(path: string): void
  writeFile(path: string, body: Uint8Array, executable: boolean): void
  symlink(path: string, target: string): void
  /** The file `of` under a further name. */
  sameFile(path: string, of: string): void
  readFile(path: string): Uint8Array
  /** All that is in it, sorted by the bytes of the names, a folder before what is in it. */
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
      /** A chunk is good until the next one is asked for. */
      chunks(): Iterable<Uint8Array>
    }

/** Signs URLs locally: no call is made. */
export interface Presigner {
  /** `fileName`: what the answer's Content-Disposition names. */
  get(key: string, options: PresignOptions & { fileName?: string; contentType?: string }): Promise<string>
  head(key: string, options: PresignOptions): Promise<string>
  put(key: string, options: PresignOptions): Promise<string>
}
export interface PresignOptions {
  readonly expiresSeconds: number
}

export type BuildStatus = 'running' | 'succeeded' | 'failed' | 'timed-out' | 'unknown'

/** Where a build broke off, as its builder tells it. */
export interface BrokeOff {
  /** whether it came to its own first command */
  readonly begun: boolean
  /** whether it waited for a builder in vain */
  readonly neverBegan?: boolean
  /** one line, for a person; empty: the builder says nothing more */
  readonly why: string
}

export interface BuildLook {
  readonly status: BuildStatus
  /** of one that failed or took too long, where its builder says so */
  readonly brokeOff?: BrokeOff
}

export interface Builder {
  /** Starts the build, or returns the id of the one that this claim started before; `undefined`: it takes no more now. */
  start(build: BuildOrder): Promise<string | undefined>
  /** How it is, or how it ended, as the event of its end would tell it. */
  look(buildId: string): Promise<BuildLook>
  stop(buildId: string): Promise<void>
}
/** A build makes the probe; a load test has its own kernel load it. */
export type Phase = 'build' | 'load-test'
export type BuildOrder = OrderOfBuild &
  ({ readonly phase: 'build' } | { readonly phase: 'load-test'; readonly test: number })
interface OrderOfBuild {
  readonly key: string
  readonly probe: Probe
  readonly claim: string
  /** presigned GET of the job document, and the digest that the build checks it against */
  readonly jobUrl: string
  readonly jobSha256: string
  /** digest of the root that its steps run in, by which a machine may have it already */
  readonly stepsRoot: string
}

export interface Bus {
  emit(event: RegistryEvent): Promise<void>
}

export interface Signer {
  /**
   * ASCII-armored detached OpenPGP signature over `body` and the parts of its statement (`statementOf`). `at` (now):
   * milliseconds since the epoch, when it says that it was made; with it, the same is signed by the same bytes.
   */
  sign(body: Uint8Array, statement: readonly string[], at?: number): Promise<string>
  /** The text with an OpenPGP signature around it (RFC 9580, section 7). Its lines end without blanks. */
  signText(text: string): Promise<string>
  /**
   * By the same key, for who knows no OpenPGP: RSA PKCS #1 v1.5 over SHA-256, the same bytes for the same body; `undefined`:
   * the key is no RSA key.
   */
  signPlain(body: Uint8Array): Promise<Uint8Array | undefined>
}

/**
 * GET of a URL (http, https), following redirects to public addresses and to what the operator's settings name.
 * `maxMilliseconds`: of the whole download, where it is given up earlier than others.
 * @throws {ProbeError} `not-found` (404, 410), `mirror-unreachable` (any other answer, as 403 and 5xx, and none in time),
 * `too-large`.
 */
export type Fetch = (
  url: string,
  options: { readonly maxBytes: number; readonly maxMilliseconds?: number },
) => Promise<Uint8Array>

/** One line of structured log; never with a presigned URL or key in it. */
export type Log = (event: string, fields?: Readonly<Record<string, string | number | boolean>>) => void

/** The rows of a query over a whole SQLite database, which may be anybody's. Rejects with any Error for what is none. */
export type QueryDatabase = (
  database: Uint8Array,
  query: string,
) => Promise<readonly Readonly<Record<string, unknown>>[]>
