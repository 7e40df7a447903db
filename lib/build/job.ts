// The job documents: all that a build, or a load test, is told. One tab-separated line a fact, so that plain sh can read it.

import { ProbeError } from '../model/errors.ts'
import type { Arch, DriverName, Kind, PackageFormat, Recipe } from '../model/probe.ts'

/**
 * `steps`: the root that the steps run in. `root`: what everything is compiled in. `header`: a package of the kernel's build tree. `source`: the kernel's source, as kernel.org's archive or as the
 * package that holds one. `config`: the kernel's configuration. `symvers`: its Module.symvers. `kheaders`: the headers that it was built with. `prepared`: the tree that
 * an earlier build made of the same source, config, compiler and release.
 */
export type InputRole =
  | 'steps'
  | 'root'
  | 'header'
  | 'driver'
  | 'source'
  | 'config'
  | 'symvers'
  | 'kheaders'
  | 'prepared'

/**
 * `probe`: what is loaded, as it is (`text`). `kernel`: the package that holds the kernel's image. `boot`: that image itself
 * (`text`), as it was published, or as an earlier test stored it.
 */
export type LoadTestRole = 'steps' | 'probe' | 'kernel' | 'boot'

export interface JobInput<Role extends string = InputRole> {
  readonly role: Role
  /** `text` is a file as it is */
  readonly format: PackageFormat | 'text'
  readonly sha256: string
  readonly bytes: number
  readonly url: string
}

export interface Job {
  readonly settings: {
    readonly KIND: Kind
    readonly ARCH: Arch
    readonly DRIVER_NAME: DriverName
    readonly DRIVER_VERSION: string
    readonly UNAME_RELEASE: string
    /** how the driver source is built: steps in buildspecs/ */
    readonly RECIPE: Recipe
    /** the kernel build tree: comes in header packages, is made of source and config, or was made so before */
    readonly KERNEL: 'headers' | 'source' | 'prepared'
    /** with `headers`, the tree's place in the unpacked packages; otherwise `-` */
    readonly TREE: string
    /** the digest of the root, by which a machine may have it already */
    readonly ROOT: string
    /** command name of the compiler in the root */
    readonly COMPILER: string
    /** what the commands begin with that compile for another architecture than the machine's; otherwise `-` */
    readonly CROSS: string
    /** of the clang in the root, of an eBPF object; otherwise `-` */
    readonly CLANG: string
    /** bytes of the probe at most */
    readonly MAX_PROBE_BYTES: string
    /** seconds of compiling at most */
    readonly COMPILE_SECONDS: string
  }
  readonly inputs: readonly JobInput[]
  /** presigned PUTs */
  readonly outputs: {
    readonly probe: string
    readonly log: string
    readonly manifest: string
    /** with `KERNEL` `source`: where the tree goes, for the next driver version */
    readonly prepared?: string
  }
}

export interface LoadTestJob {
  readonly settings: Pick<
    Job['settings'],
    'KIND' | 'ARCH' | 'DRIVER_NAME' | 'DRIVER_VERSION' | 'UNAME_RELEASE'
  > & {
    /** seconds that the machine may run */
    readonly MAX_SECONDS: string
  }
  /** one `probe`; with neither `boot` nor `kernel` the verdict is `unavailable` */
  readonly inputs: readonly JobInput<LoadTestRole>[]
  /** presigned PUTs */
  readonly outputs: {
    readonly verdict: string
    readonly log: string
    /** with a `kernel`: where its image goes, for the next test */
    readonly boot?: string
  }
}

/**
 * Lines `set<TAB>NAME<TAB>VALUE`, `get<TAB>ROLE<TAB>FORMAT<TAB>SHA256<TAB>BYTES<TAB>URL`,
 * `put<TAB>NAME<TAB>URL`, in this order, each ended by a newline.
 */
export function formatJob(job: Job | LoadTestJob): string {
  const lines = [
    ...Object.entries(job.settings).map(([name, value]) => ['set', name, value]),
    ...job.inputs.map((i) => ['get', i.role, i.format, i.sha256, String(i.bytes), i.url]),
    ...Object.entries(job.outputs).map(([name, url]) => ['put', name, url]),
  ]
  return lines.map((fields) => `${fields.map(field).join('\t')}\n`).join('')
}

/** The document's grammar has no escapes: what would need one never becomes a job. */
function field(value: string): string {
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new ProbeError(
      'malformed',
      `job field ${JSON.stringify(value)} holds a space, a control or a non-ASCII character`,
    )
  }
  return value
}
