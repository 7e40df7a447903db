// Defines the ports: interfaces to everything that the domain needs from outside. The contract tests run against each adapter.

import type { Stored } from './digest.ts'
import type { DriverCatalogue } from './drivers.ts'
import type { RegistryEvent } from './events.ts'
import type { ImageObject, Tagged } from './image.ts'
import type { RecordedKernel } from './kernel.ts'
import type { Pointer } from './pointer.ts'
import type { Claim, Failure, LoadTest, Probe, ProbeState, Publication, Source } from './probe.ts'

/** Milliseconds since the epoch. Someone may set the clock forward or back between two calls. */
export type Clock = () => number

/** Milliseconds of a monotonic clock, for durations. */
export type Elapsed = () => number

/** Returns a new unguessable id: a UUID, so it contains only `[0-9a-f-]`. */
export type NewId = () => string

/** Each write is conditional and changes only one item, so a repeated or late call changes nothing. */
export interface Index {
  /** `undefined`: absent or expired. With `consistent: false` (default), the answer may be a second old. */
  get(key: string, options?: { consistent?: boolean }): Promise<ProbeState | undefined>
  /** absent, failed-and-due or building-past-deadline -> building. The attempt's number; `undefined`: it is in another state. */
  claim(
    key: string,
    claim: Pick<Claim, 'id' | 'claimedAt' | 'deadline' | 'caller'> & Expiring,
  ): Promise<number | undefined>
  /** building(claim) -> the same, with a plan that began at `at`. `undefined`: the claim is lost. */
  planned(key: string, claim: string, at: number): Promise<Claim | undefined>
  /** building(claim) -> the same, with a client's sign of life at `at`. False: the last one is recent, or the claim is lost. */
  waited(key: string, claim: string, at: number): Promise<boolean>
  /**
   * building(claim), or published(claim) without a verdict, while neither build nor test runs -> the same in the queue until
   * `deadline`. Keeps an earlier place in the queue. False: something runs, or the claim is lost.
   */
  queued(key: string, claim: string, at: number, deadline: number): Promise<boolean>
  /**
   * In load test number `test` -> the same, but no test runs, and that test does not count. `buildId`: the test's build; absent:
   * any. False: another test runs, or the claim is lost.
   */
  spare(key: string, claim: string, test: { test: number; buildId?: string }): Promise<boolean>
  /** building(claim) -> the same, with a running build and its deadline. False: the claim is lost. */
  started(key: string, claim: string, build: { buildId: string; deadline: number }): Promise<boolean>
  /**
   * building(claim), or published(claim) without a verdict -> the same, in load test number `test` until `deadline`. Without
   * `buildId`: requests the test, and succeeds for only one caller. With `buildId`: the requested test now runs as that build.
   * False: this test or a later one was requested before, there is a verdict, or the claim is lost.
   */
  testing(key: string, claim: string, test: Testing & { buildId?: string }): Promise<boolean>
  /** building(claim) -> published, and in its load test if `testing` is set. False: the claim is lost. */
  publish(key: string, claim: string, publication: Publication, testing?: Testing): Promise<boolean>
  /** building(claim) -> failed. False: the claim is lost. */
  fail(key: string, claim: string, failure: Failure & Expiring): Promise<boolean>
  /** building(claim) -> alias of the probe at the key `of`. False: the claim is lost. */
  alias(key: string, claim: string, of: string): Promise<boolean>
  /**
   * One page of the index, for one kernel release (as in the name) or for all. `limit`: number of items to read; corrupt items
   * are skipped. `next`: the `cursor` of the next page.
   */
  list(page: {
    release?: string | undefined
    cursor?: string | undefined
    limit: number
  }): Promise<{ items: { key: string; state: ProbeState }[]; next?: string }>
  /** Adds the verdict to this claim's published probe. False: it has a verdict, or the claim is lost. */
  verdict(key: string, claim: string, loadTest: LoadTest): Promise<boolean>
  /** Keys and claims of builds and load tests past their deadline at `now`, oldest first, at most `limit`. */
  overdue(now: number, limit: number): Promise<{ key: string; claim: string }[]>
  /** Builds and load tests that run or wait, at most `limit`, the nearest deadline first. May be a second old. */
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
  /** milliseconds since the epoch; after it, the next test is requested */
  readonly deadline: number
  /** the tested probe */
  readonly probe?: Stored
}

/** An expiry. Items of started builds and published probes have none. */
interface Expiring {
  /** milliseconds since the epoch; from then on, the item counts as absent. It is deleted later */
  readonly expiresAt?: number
}

export interface Budgets {
  /**
   * Spends `units` (default 1) of `budget` (e.g. `builds/2026-11-23`) for `claim`. False: fewer than `units` are left of `limit`,
   * and nothing was spent. Repeated calls for the same claim spend only once.
   */
  spend(budget: string, claim: string, limit: number, units?: number): Promise<boolean>
  /** True if nothing is left of `limit`. Writes nothing; may be a second old. */
  exhausted(budget: string, limit: number): Promise<boolean>
  /** Gives back the `units` (default 1) that `claim` spent. Does nothing if it spent none. */
  giveBack(budget: string, claim: string, units?: number): Promise<void>
}

/** A place that is taken until its release. After a crash it becomes free at `until` (milliseconds since the epoch). */
export interface Lease {
  readonly id: string
  readonly until: number
}

/** Counts open requests by holder. */
export interface Holds {
  /** Takes one of the holder's `limit` places. False: all are taken. */
  take(holder: string, lease: Lease, limit: number): Promise<boolean>
  /** Frees the place; does nothing if it is free. */
  release(holder: string, lease: Lease): Promise<void>
}

/** Owner of a place: a build (without `test`), or load test number `test`. */
export interface Place {
  readonly claim: string
  readonly test?: number | undefined
}

/** Limits how many builds and load tests run at one time. */
export interface Places {
  /**
   * Takes one of `limit` places until its release, at most until `until` (milliseconds since the epoch). `had`: the owner has a
   * place already. `full`: all are taken.
   */
  take(place: Place, until: number, limit: number): Promise<'taken' | 'had' | 'full'>
  /** Frees the owner's place. False: it had none. */
  release(place: Place): Promise<boolean>
  /** Average seconds of recent builds; `undefined`: no build has ended yet. */
  typicalSeconds(): Promise<number | undefined>
}

/** Records digests of driver sources that the catalogue does not pin (trust on first use), and of verified kernel sources. */
export interface Sources {
  recorded(driverVersion: string): Promise<Source | undefined>
  /** Resolves to the record: `source`, or the source of an earlier call, which stays. */
  record(driverVersion: string, source: Source): Promise<Source>
  /** Human-readable: how to make the next build record the digest again. Default: `probe-registry digests forget`. */
  readonly forgetBy?: (driverVersion: string) => string
}

export interface Catalogue {
  /** `undefined`: the lists were never read */
  read(): Promise<DriverCatalogue | undefined>
  /** Takes the right to read the lists until `until`. False: another caller has it. */
  claim(now: number, until: number): Promise<boolean>
  /** Also ends the claim. */
  write(catalogue: DriverCatalogue): Promise<void>
}

/** Records the date of the newest list that an archive signed for each suite. Lists may be from any mirror. */
export interface ListDates {
  /** Milliseconds since the epoch; `undefined`: no list was read yet. */
  newest(list: string): Promise<number | undefined>
  /** Records the date, unless a later one is recorded. */
  seen(list: string, date: number): Promise<void>
}

/** Stores pointers of package repositories, by an id such as `apt/11.0.0+driver`. */
export interface Pointers {
  /** `undefined`: never written. With `consistent: false` (default), the answer may be a second old. */
  read(id: string, options?: { consistent?: boolean }): Promise<Pointer | undefined>
  /** Replaces number `next.number - 1`, or creates number 1. False: another caller was faster. */
  move(id: string, next: Pointer): Promise<boolean>
  /** Sorted ids of a kind such as `apt/`. After a crash, an id may have no pointer; readers skip it. */
  ids(kind: string): Promise<readonly string[]>
}

/** Stores items of the image registry, by digest (`sha256:...`) and tag (`repository:tag`). */
export interface Images {
  /** `undefined`: unknown. May be a second old. */
  find(digest: string): Promise<ImageObject | undefined>
  /** Stores objects by digest. A repeated call adds probes to `of`, and replaces all other members. */
  keep(objects: Readonly<Record<string, ImageObject>>): Promise<void>
  /** `undefined`: unknown. With `consistent: false` (default), the answer may be a second old. */
  tagged(name: string, options?: { consistent?: boolean }): Promise<Tagged | undefined>
  /** Replaces number `next.number - 1`, or creates number 1. False: another caller was faster. */
  move(name: string, next: Tagged): Promise<boolean>
}

/** Stores submitted kernels, by `recordId`. */
export interface Kernels {
  recorded(id: string): Promise<RecordedKernel | undefined>
  /** Resolves to the record: `kernel`, or the kernel of an earlier call, which stays. */
  record(id: string, kernel: RecordedKernel): Promise<RecordedKernel>
}

/** Keeps results of builds for later builds: kernel build trees by their `treeKey`, kernel images by their `imageKey`. */
export interface BuildCache {
  find(key: string): Promise<Stored | undefined>
  /** Never replaces an entry. */
  keep(key: string, body: Uint8Array): Promise<void>
}

/** One bucket. Keys contain only `[A-Za-z0-9.+~_/-]`, and never `..`. */
export interface Store {
  /** Size of the object in bytes; `undefined`: absent. */
  size(key: string): Promise<number | undefined>
  /** Digest and size; `undefined`: absent. */
  stat(key: string): Promise<Stored | undefined>
  /** `undefined`: absent. @throws {ProbeError} `too-large`: more than `maxBytes`. */
  get(key: string, maxBytes: number): Promise<Uint8Array | undefined>
  /** Never replaces an object. `exists`: the key has an object already. */
  create(key: string, body: Uint8Array, meta: ObjectMeta): Promise<'created' | 'exists'>
}

export interface ObjectMeta {
  readonly contentType: string
  /** lower-case hex; stored as checksum and metadata */
  readonly sha256: string
}

/** A folder in which a build root is composed. Paths are relative, and their parent folders must exist. Overwrites nothing. */
export interface Folder {
  makeFolder(path: string): void
  writeFile(path: string, body: Uint8Array, executable: boolean): void
  symlink(path: string, target: string): void
  /** Adds a hard link to the file `of`. */
  sameFile(path: string, of: string): void
  readFile(path: string): Uint8Array
  /** All entries, sorted by the bytes of their names. A folder comes before its contents. */
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

/** Signs URLs without a network call. */
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

/** How far a failed build came, as the builder reports it. */
export interface BrokeOff {
  /** true if the build reached its first command */
  readonly begun: boolean
  /** true if the build never got a machine */
  readonly neverBegan?: boolean
  /** human-readable line; may be empty */
  readonly why: string
}

export interface BuildLook {
  readonly status: BuildStatus
  /** only for `failed` and `timed-out`, if the builder reports it */
  readonly brokeOff?: BrokeOff | undefined
}

export interface Builder {
  /** Starts the build, or finds the build that an earlier call for this claim started. `undefined`: the builder is full. */
  start(build: BuildOrder): Promise<string | undefined>
  /** Current status. For an ended build, the same as in its end event. */
  look(buildId: string): Promise<BuildLook>
  stop(buildId: string): Promise<void>
}
/** `build` makes the probe; in `load-test`, the probe's own kernel loads it. */
export type Phase = BuildOrder['phase']
export type BuildOrder = (
  | { readonly phase: 'build' }
  | { readonly phase: 'load-test'; readonly test: number }
) & {
  readonly key: string
  readonly probe: Probe
  readonly claim: string
  /** presigned GET of the job document; the build checks its digest */
  readonly jobUrl: string
  readonly jobSha256: string
  /** digest of the root in which its steps run; the machine may have it already */
  readonly stepsRoot: string
}

export interface Bus {
  emit(event: RegistryEvent): Promise<void>
}

export interface Signer {
  /**
   * Returns an ASCII-armored detached OpenPGP signature over `body` and the parts of its statement (`statementOf`). `at`: time of
   * the signature, in milliseconds since the epoch. Default: now. A given time makes the signature deterministic.
   */
  sign(body: Uint8Array, statement: readonly string[], at?: number): Promise<string>
  /** Returns the text with a cleartext signature (RFC 9580, section 7). No line may end with a blank. */
  signText(text: string): Promise<string>
  /** For clients without OpenPGP: RSA PKCS #1 v1.5 over SHA-256 by the same key, deterministic. `undefined`: it is not RSA. */
  signPlain(body: Uint8Array): Promise<Uint8Array | undefined>
}

/**
 * Downloads an http or https URL. Follows redirects to public addresses and to places in the operator's settings.
 * `maxMilliseconds`: limit for the complete download, if it should be shorter than the default.
 * @throws {ProbeError} `not-found` (404, 410), `mirror-unreachable` (any other answer, or none in time), `too-large`.
 */
export type Fetch = (
  url: string,
  options: { readonly maxBytes: number; readonly maxMilliseconds?: number },
) => Promise<Uint8Array>

/** Writes a line to the structured log. Fields must not contain presigned URLs or keys. */
export type Log = (event: string, fields?: Readonly<Record<string, string | number | boolean>>) => void

/** Queries an untrusted SQLite database. Rejects with an Error if the bytes are not a database. */
export type QueryDatabase = (
  database: Uint8Array,
  query: string,
) => Promise<readonly Readonly<Record<string, unknown>>[]>
