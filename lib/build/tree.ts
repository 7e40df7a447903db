// What a kernel's build tree is made of: header packages, or source and config, or the tree that an earlier build made.

import type { KernelPlan, SourcePlan } from '../kernels/planner.ts'
import { type Stored, sha256 } from '../model/digest.ts'
import { unreachable } from '../model/errors.ts'
import type { Package, Source } from '../model/probe.ts'
import type { InputRole, Job, JobInput } from './job.ts'
import type { BuildRoot } from './roots/build-root.ts'

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

/** Under which a tree is kept: of what it was made, and in which root. */
export const treeIdIn = (treeId: string, { treeRoot }: Pick<BuildRoot, 'treeRoot'>): string =>
  sha256(`${treeId} ${treeRoot}`)

/** `prepared`: the tree that an earlier build made of the same in the same root. `makes`: under which this one is kept. */
export function treeOf(
  kernel: KernelPlan,
  { makes, prepared }: { readonly makes: string; readonly prepared: Stored | undefined },
): TreeInputs {
  switch (kernel.tag) {
    case 'headers':
      return {
        kernel: { KERNEL: 'headers', TREE: kernel.tree },
        inputs: kernel.headers.map((pkg) => packageInput('header', pkg)),
        packages: kernel.headers,
        sources: kernel.headers.map(sourceOf),
      }
    case 'source':
      return prepared === undefined ? treeToMake(kernel, makes) : treeMade(kernel, prepared)
    default:
      return unreachable(kernel)
  }
}

function treeToMake(kernel: SourcePlan, makes: string): TreeInputs {
  const { source, config, kheaders } = kernel
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
    makes,
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

function sourcesOf({ source, config, configFrom, symvers, kheaders, unameRelease }: SourcePlan): Source[] {
  const submitted = {
    'kernel-config': configFrom === undefined ? config : undefined,
    'Module.symvers': symvers,
    'kheaders.tar.xz': kheaders,
  }
  return [
    sourceOf(source),
    ...(configFrom === undefined ? [] : [configFrom]),
    ...Object.entries(submitted).flatMap(([name, file]) =>
      file === undefined ? [] : [{ name, version: unameRelease, url: 'urn:submitted', sha256: file.sha256 }],
    ),
  ]
}

export const sourceOf = ({ name, version, url, sha256, unsigned }: Source): Source => ({
  ...{ name, version, url, sha256 },
  ...(unsigned === undefined ? {} : { unsigned }),
})
const fileInput = (role: InputRole, format: Input['format'], { sha256, bytes }: Stored): Input => ({
  role,
  format,
  sha256,
  bytes,
})
export const packageInput = (role: InputRole, pkg: Package): Input => fileInput(role, pkg.format, pkg)
