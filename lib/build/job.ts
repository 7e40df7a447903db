// Job documents: everything that a build or a load test gets. Tab-separated lines, so that plain sh can read them.

import { ProbeError } from '../model/errors.ts'
import type { Arch, DriverName, Kind, PackageFormat, Recipe } from '../model/probe.ts'

/**
 * `steps`: the root for the steps. `root`: the root for the compiler. `header`: a package of the kernel's build tree.
 * `source`: the kernel's source, an archive or a package. `config`: its config. `symvers`: its Module.symvers. `kheaders`: its
 * own headers. `prepared`: the tree that an earlier build made from the same source, config, compiler and release.
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
 * `probe`: a file (`text`). `kernel`: the package with the kernel's image. `boot`: that image itself (`text`), published or
 * stored by an earlier test.
 */
export type LoadTestRole = 'steps' | 'probe' | 'kernel' | 'boot'

export interface JobInput<Role extends string = InputRole> {
  readonly role: Role
  /** `text`: a file as it is */
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
    readonly RECIPE: Recipe
    /** the kernel build tree: in header packages, made from source and config, or made before */
    readonly KERNEL: 'headers' | 'source' | 'prepared'
    /** path of the tree in the unpacked packages, with `headers`; otherwise `-` */
    readonly TREE: string
    /** digest of the root, which a machine may have cached */
    readonly ROOT: string
    /** command in the root */
    readonly COMPILER: string
    /** prefix of commands that compile for another architecture than the machine's; otherwise `-` */
    readonly CROSS: string
    /** clang in the root, for an eBPF object; otherwise `-` */
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
    /** with `KERNEL` `source`: for the tree, which other driver versions use */
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
    /** for the image from `kernel`, which later tests use */
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

/** The grammar has no escapes, so a value that would need one is refused. */
function field(value: string): string {
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new ProbeError(
      'malformed',
      `job field ${JSON.stringify(value)} holds a space, a control or a non-ASCII character`,
    )
  }
  return value
}
