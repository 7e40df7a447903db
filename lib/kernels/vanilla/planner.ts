// Plans of submitted kernels: the build tree is made of the kernel's source and its config, or was made so before.

import { treeId } from '../../inputs/cache.ts'
import type { SubmittedKernel } from '../../model/kernel.ts'
import type { Trees } from '../../model/ports.ts'
import type { Kind } from '../../model/probe.ts'
import type { Settings } from '../../model/settings.ts'
import type { DebianPlanner } from '../debian/planner.ts'
import type { SourcePlan } from '../planner.ts'
import { kernelSource, type SourcePorts } from './source.ts'

export interface VanillaPorts extends SourcePorts {
  readonly trees: Pick<Trees, 'find'>
  readonly debian: Pick<DebianPlanner, 'toolchain'>
  readonly settings: Settings['vanilla']
}

/** ProbeError `headers-not-found` where no source of that kernel is found, `digest-mismatch`, ... */
export async function planSource(
  ports: VanillaPorts,
  { arch, kernelRelease, unameRelease, sourceVersion, compiler, config, symvers, kheaders }: SubmittedKernel,
  kind: Kind,
): Promise<SourcePlan> {
  const found = await kernelSource(ports, ports.settings, sourceVersion, arch)
  const id = treeId({
    arch,
    unameRelease,
    compiler,
    source: found.source.sha256,
    config: config.sha256,
    kheaders: kheaders?.sha256,
  })
  const prepared = await ports.trees.find(id)
  const toolchain = await ports.debian.toolchain(arch, kind, prepared === undefined ? 'source' : 'prepared')
  return {
    tag: 'source',
    kernelRelease,
    unameRelease,
    compiler,
    toolchain,
    ...found,
    config,
    symvers,
    kheaders,
    treeId: id,
    prepared,
  }
}
