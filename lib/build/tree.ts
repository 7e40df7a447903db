// What a kernel's build tree is made of: header packages, or source and config, or the tree that an earlier build made.

import type { KernelPlan, SourcePlan } from '../kernels/planner.ts'
import type { Stored } from '../model/digest.ts'
import { unreachable } from '../model/errors.ts'
import type { Package, Source } from '../model/probe.ts'
import type { InputRole, Job, JobInput } from './job.ts'

export type Input = Omit<JobInput, 'url'>

/** What a build tree comes from. */
export interface TreeInputs {
  readonly kernel: Pick<Job['settings'], 'KERNEL' | 'TREE'>
  readonly inputs: readonly Input[]
  /** to be brought into the inputs bucket */
  readonly packages: readonly Package[]
  /** what the answer says that the tree came from */
  readonly sources: readonly Source[]
  /** under which the tree that this build makes is kept */
  readonly makes?: string
}

export function treeOf(kernel: KernelPlan): TreeInputs {
  switch (kernel.tag) {
    case 'headers':
      return {
        kernel: { KERNEL: 'headers', TREE: kernel.tree },
        inputs: kernel.headers.map((pkg) => packageInput('header', pkg)),
        packages: kernel.headers,
        sources: kernel.headers.map(sourceOf),
      }
    case 'source':
      return kernel.prepared === undefined ? treeToMake(kernel) : treeMade(kernel, kernel.prepared)
    default:
      return unreachable(kernel)
  }
}

function treeToMake(kernel: SourcePlan): TreeInputs {
  const { source, config, kheaders, treeId } = kernel
  return {
    kernel: { KERNEL: 'source', TREE: '-' },
    inputs: [
      packageInput('source', source),
      fileInput('config', 'text', config),
      ...(kheaders === undefined ? [] : [fileInput('kheaders', 'tar.xz', kheaders)]),
      ...symversInput(kernel),
    ],
    packages: [source],
    sources: sourcesOf(kernel),
    makes: treeId,
  }
}

const treeMade = (kernel: SourcePlan, prepared: Stored): TreeInputs => ({
  kernel: { KERNEL: 'prepared', TREE: '-' },
  inputs: [fileInput('prepared', 'tar.gz', prepared), ...symversInput(kernel)],
  packages: [],
  sources: sourcesOf(kernel),
})

const symversInput = ({ symvers }: SourcePlan): Input[] =>
  symvers === undefined ? [] : [fileInput('symvers', 'text', symvers)]

function sourcesOf({ source, config, symvers, kheaders, unameRelease }: SourcePlan): Source[] {
  const submitted = { 'kernel-config': config, 'Module.symvers': symvers, 'kheaders.tar.xz': kheaders }
  return [
    sourceOf(source),
    ...Object.entries(submitted).flatMap(([name, file]) =>
      file === undefined ? [] : [{ name, version: unameRelease, url: 'urn:submitted', sha256: file.sha256 }],
    ),
  ]
}

export const sourceOf = ({ name, version, url, sha256 }: Package): Source => ({ name, version, url, sha256 })
const fileInput = (role: InputRole, format: Input['format'], { sha256, bytes }: Stored): Input => ({
  role,
  format,
  sha256,
  bytes,
})
export const packageInput = (role: InputRole, pkg: Package): Input => fileInput(role, pkg.format, pkg)
