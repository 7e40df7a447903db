// Plans kernels without header packages. A build makes the tree from source and config, or reuses one.

import { treeId } from '../../inputs/cache.ts'
import { hasOwnSource, patchedWith } from '../../kconfig/patched.ts'
import type { SourceKernel, SourcePlan } from '../planner.ts'
import type { VanillaSettings } from './settings.ts'
import { kernelSource, type SourcePorts } from './source.ts'

/** @throws {ProbeError} `headers-not-found` if no source of that kernel is found, `digest-mismatch`, ... */
export async function planSource(
  ports: SourcePorts,
  settings: VanillaSettings,
  kernel: SourceKernel,
): Promise<SourcePlan> {
  const { arch, kernelRelease, unameRelease, compiler, compilerText, config, symvers, kheaders } = kernel
  const { patched } = kernel
  const source = await kernelSource(ports, settings, {
    version: kernel.sourceVersion,
    arch,
    patched: patched !== undefined && hasOwnSource(patchedWith(patched)) ? patched : undefined,
    // The host's own headers have the right structures, even if the rest of the source differs.
    orArchive: kernel.force === true || kheaders !== undefined,
  })
  const digests = { source: source.sha256, config: config.sha256, kheaders: kheaders?.sha256 }
  return {
    ...{ tag: 'source', kernelRelease, unameRelease, compiler, compilerText },
    ...{ source, config, symvers, kheaders },
    treeId: treeId({ arch, unameRelease, compiler, ...digests }),
  }
}
