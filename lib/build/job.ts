// Formats job documents: all input of a build or a load test, as tab-separated lines that plain sh can read.

import { ProbeError } from '../model/errors.ts'
import type { PackageFormat, Probe, Recipe } from '../model/probe.ts'

/**
 * `steps`: the root for the steps. `root`: the root for the compiler. `header`: a package of the kernel's build tree.
 * `source`: the kernel's source, an archive or a package. `config`: the kernel's config. `symvers`: its Module.symvers.
 * `kheaders`: its own headers. `prepared`: the tree that an earlier build made from the same source, config, compiler and
 * release.
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
 * `probe`: the probe (`text`). `kernel`: the package that contains the kernel's image. `boot`: the image itself (`text`), as
 * published or as stored by an earlier test.
 */
export type LoadTestRole = 'steps' | 'probe' | 'kernel' | 'boot'

export interface JobInput<Role extends string = InputRole> {
  readonly role: Role
  /** `text`: a file that needs no unpacking */
  readonly format: PackageFormat | 'text'
  readonly sha256: string
  readonly bytes: number
  readonly url: string
}

/** An input before its URL is signed. `key`: of the object in the inputs bucket. */
export type StoredInput<Role extends string = InputRole> = Omit<JobInput<Role>, 'url'> & {
  readonly key: string
}

/** The settings that a build and a load test share. */
export const probeSettings = ({ kind, arch, driverName, driverVersion }: Probe, unameRelease: string) => ({
  KIND: kind,
  ARCH: arch,
  DRIVER_NAME: driverName,
  DRIVER_VERSION: driverVersion,
  UNAME_RELEASE: unameRelease,
})

export interface Job {
  readonly settings: Readonly<ReturnType<typeof probeSettings>> & {
    readonly RECIPE: Recipe
    /** origin of the kernel build tree: header packages, made from source and config, or made by an earlier build */
    readonly KERNEL: 'headers' | 'source' | 'prepared'
    /** with `headers`: path of the tree in the unpacked packages; otherwise `-` */
    readonly TREE: string
    /** digest of the root, which the machine may have cached */
    readonly ROOT: string
    /** the compiler's command in the root */
    readonly COMPILER: string
    /** prefix of the cross compiler's commands, if the machine has another architecture; otherwise `-` */
    readonly CROSS: string
    /** for an eBPF object: the command of clang in the root; otherwise `-` */
    readonly CLANG: string
    /** maximum size of the probe, in bytes */
    readonly MAX_PROBE_BYTES: string
    /** maximum time for compiling, in seconds */
    readonly COMPILE_SECONDS: string
  }
  readonly inputs: readonly JobInput[]
  /** presigned URLs for PUT */
  readonly outputs: {
    readonly probe: string
    readonly log: string
    readonly manifest: string
    /** with `KERNEL` `source`: for the made tree, which builds of other driver versions use */
    readonly prepared?: string
  }
}

export interface LoadTestJob {
  readonly settings: Readonly<ReturnType<typeof probeSettings>> & {
    /** maximum running time of the virtual machine, in seconds */
    readonly MAX_SECONDS: string
  }
  /** contains one `probe`; without `boot` and `kernel` the verdict is `unavailable` */
  readonly inputs: readonly JobInput<LoadTestRole>[]
  /** presigned URLs for PUT */
  readonly outputs: {
    readonly verdict: string
    readonly log: string
    /** for the image taken from `kernel`, which later tests use */
    readonly boot?: string
  }
}

/**
 * Lines: `set<TAB>NAME<TAB>VALUE`, then `get<TAB>ROLE<TAB>FORMAT<TAB>SHA256<TAB>BYTES<TAB>URL`, then
 * `put<TAB>NAME<TAB>URL`. A newline ends each line.
 */
export function formatJob(job: Job | LoadTestJob): string {
  const lines = [
    ...Object.entries(job.settings).map(([name, value]) => ['set', name, value]),
    ...job.inputs.map((i) => ['get', i.role, i.format, i.sha256, String(i.bytes), i.url]),
    ...Object.entries(job.outputs).map(([name, url]) => ['put', name, url]),
  ]
  return lines.map((fields) => `${fields.map(field).join('\t')}\n`).join('')
}

/** Refuses a value that would need an escape, because the format has none. */
function field(value: string): string {
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new ProbeError(
      'malformed',
      `job field ${JSON.stringify(value)} contains a space, a control or a non-ASCII character`,
    )
  }
  return value
}
