// The job document: all that a build is told. One tab-separated line a fact, so that plain sh can read it.

import { ProbeError } from './errors.ts'

export type InputRole = 'header' | 'driver' | 'toolchain'

export interface JobInput {
  readonly role: InputRole
  /** `deb` is a Debian package, `tar.gz` a gzipped tar archive */
  readonly format: 'deb' | 'tar.gz'
  readonly sha256: string
  readonly bytes: number
  readonly url: string
}

export interface Job {
  readonly settings: {
    readonly KIND: 'kmod' | 'ebpf'
    readonly ARCH: 'x86_64' | 'aarch64'
    readonly DRIVER_NAME: string
    readonly DRIVER_VERSION: string
    readonly UNAME_RELEASE: string
    /** how the driver source is built: steps in buildspecs/ */
    readonly RECIPE: 'makefile' | 'cmake'
    /** kernel build tree, relative to the unpacked header packages */
    readonly TREE: string
    /** command name of the compiler */
    readonly COMPILER: string
    /** bytes of the probe at most */
    readonly MAX_PROBE_BYTES: string
    /** seconds of compiling at most */
    readonly COMPILE_SECONDS: string
  }
  readonly inputs: readonly JobInput[]
  /** presigned PUTs */
  readonly outputs: { readonly probe: string; readonly log: string; readonly manifest: string }
}

/**
 * Lines `set<TAB>NAME<TAB>VALUE`, `get<TAB>ROLE<TAB>FORMAT<TAB>SHA256<TAB>BYTES<TAB>URL`,
 * `put<TAB>NAME<TAB>URL`, in this order, each ended by a newline.
 */
export function formatJob(job: Job): string {
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
