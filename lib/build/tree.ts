// Collects the inputs of a kernel's build tree: header packages, source and config, or the cached tree of an earlier build.

import type { KernelPlan, SourcePlan } from '../kernels/planner.ts'
import { type Stored, sha256 } from '../model/digest.ts'
import { unreachable } from '../model/errors.ts'
import { inputKey, submittedKey, treeKey } from '../model/keys.ts'
import type { Package, Source } from '../model/probe.ts'
import type { InputRole, Job, StoredInput } from './job.ts'
import type { BuildRoot } from './roots/build-root.ts'

export interface TreeInputs {
  readonly kernel: Pick<Job['settings'], 'KERNEL' | 'TREE'>
  readonly inputs: readonly StoredInput[]
  /** packages to copy into the inputs bucket */
  readonly packages: readonly Package[]
  /** submitted files, which may have expired */
  readonly submitted: readonly Stored[]
  /** sources for the provenance */
  readonly sources: readonly Source[]
  /** cache id of the tree that this build makes */
  readonly makes?: string
}

/** Cache id of a tree, from its inputs and its root. */
export const treeIdIn = (treeId: string, { treeRoot }: Pick<BuildRoot, 'treeRoot'>): string =>
  sha256(`${treeId} ${treeRoot}`)

/** `prepared`: the cached tree. `makes`: the cache id of the tree that this build makes. */
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
        submitted: [],
        sources: kernel.headers.map(sourceOf),
      }
    case 'source':
      return prepared === undefined ? treeToMake(kernel, makes) : treeMade(kernel, prepared, makes)
    default:
      return unreachable(kernel)
  }
}

function treeToMake(kernel: SourcePlan, makes: string): TreeInputs {
  const { source, config, configFrom, kheaders, symvers } = kernel
  return {
    kernel: { KERNEL: 'source', TREE: '-' },
    inputs: [
      packageInput('source', source),
      (configFrom === undefined ? submittedInput : fileInput)('config', 'text', config),
      ...(kheaders === undefined ? [] : [submittedInput('kheaders', 'tar.xz', kheaders)]),
      ...symversInput(kernel),
    ],
    packages: [source],
    submitted: [...(configFrom === undefined ? [config] : []), kheaders, symvers].filter(
      (file) => file !== undefined,
    ),
    sources: sourcesOf(kernel),
    makes,
  }
}

const treeMade = (kernel: SourcePlan, prepared: Stored, id: string): TreeInputs => ({
  kernel: { KERNEL: 'prepared', TREE: '-' },
  inputs: [fileInput('prepared', 'tar.gz', prepared, treeKey(id)), ...symversInput(kernel)],
  packages: [],
  submitted: kernel.symvers === undefined ? [] : [kernel.symvers],
  sources: sourcesOf(kernel),
})

const symversInput = ({ symvers }: SourcePlan): StoredInput[] =>
  symvers === undefined ? [] : [submittedInput('symvers', 'text', symvers)]

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

export function sourceOf({ name, version, url, sha256, unsigned }: Source): Source {
  return { name, version, url, sha256, unsigned }
}
const fileInput = (
  role: InputRole,
  format: StoredInput['format'],
  { sha256, bytes }: Stored,
  key = inputKey(sha256),
): StoredInput => ({ role, format, sha256, bytes, key })
const submittedInput = (role: InputRole, format: StoredInput['format'], file: Stored): StoredInput =>
  fileInput(role, format, file, submittedKey(file.sha256))
const packageInput = (role: InputRole, pkg: Package): StoredInput => fileInput(role, pkg.format, pkg)
