// Reads a release's kernel from two signed files: the kernel's config, and the list of the image's packages.

import { builtBy } from '../../kconfig/compiler.ts'
import { type Kconfig, stringOf } from '../../kconfig/kconfig.ts'
import { parseKconfig } from '../../kconfig/parse.ts'
import { type VerdictCode, verdicts } from '../../kconfig/verdicts.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import type { Kind } from '../../model/probe.ts'
import type { SourceKernel } from '../planner.ts'
import type { FlatcarRelease } from './names.ts'

interface FlatcarKernel
  extends Pick<SourceKernel, 'unameRelease' | 'sourceVersion' | 'compiler' | 'compilerText'> {
  readonly config: Kconfig
}

/** `sys-kernel/coreos-kernel-6.1.96-r1::coreos` */
const KERNEL = /^sys-kernel\/coreos-kernel-(\d+\.\d+\.\d+)(?:-r\d+)?(?:::|$)/m
/** `sys-devel/gcc-11.3.1_p20221209::portage-stable` */
const GCC = /^sys-devel\/gcc-(\d+\.\d+\.\d+)(?=[_:-]|$)/m
const UNAME = /^(\d+\.\d+\.\d+)[A-Za-z0-9.+_~-]{0,40}$/

/**
 * Combines the facts of both files. A signature does not name the release of its file, so this compares the
 * kernel's version in both files.
 * @throws {ProbeError} `signature-invalid` if the files are from different releases.
 */
export function kernelOfRelease(
  release: FlatcarRelease,
  { config: text, packages }: { readonly config: string; readonly packages: string },
): FlatcarKernel {
  const config = configIn(release, text)
  const { headerVersion = '' } = config
  const unameRelease = `${headerVersion}${stringOf(config, 'LOCALVERSION') ?? ''}`
  const sourceVersion = UNAME.exec(unameRelease)?.[1]
  const listed = KERNEL.exec(packages)?.[1]
  if (sourceVersion === undefined || sourceVersion !== listed)
    throw mixed(
      release,
      `its config is of ${headerVersion || 'no version'}, and its list of packages names coreos-kernel ${listed ?? 'nowhere'}`,
    )
  const compilerText = stringOf(config, 'CC_VERSION_TEXT')
  return {
    config,
    unameRelease,
    sourceVersion,
    compiler: builtBy({ config, procVersion: gccIn(packages), kernelRelease: unameRelease }),
    compilerText:
      compilerText !== undefined && /^[ -~]{1,200}$/.test(compilerText) ? compilerText : undefined,
  }
}

/** The compiler in the form of /proc/version, for a config before 4.18, which names no compiler. */
function gccIn(packages: string): string | undefined {
  const version = GCC.exec(packages)?.[1]
  return version && `gcc version ${version}`
}

function configIn(release: FlatcarRelease, text: string): Kconfig {
  try {
    return parseKconfig(text)
  } catch (error) {
    if (!isProbeError(error, 'bad-config')) throw error
    throw mixed(release, error.message)
  }
}

/** With these verdicts, a config cannot be from this release, although it is signed. */
const OF_ANOTHER: readonly VerdictCode[] = ['arch-mismatch', 'release-mismatch', 'not-a-whole-config']

/**
 * @throws {ProbeError} `cannot-load` if no probe can load into this kernel, `signature-invalid` if the config
 * is from another kernel.
 */
export function checkLoads(
  release: FlatcarRelease,
  { config, unameRelease }: FlatcarKernel,
  kind: Kind,
): void {
  const { arch, version } = release
  const found = verdicts(config, { kernelRelease: unameRelease, arch, kind })
  for (const { code, blocks, detail } of found) {
    if (OF_ANOTHER.includes(code)) throw mixed(release, detail)
    if (blocks) throw new ProbeError('cannot-load', detail)
    if (code === 'needs-symvers')
      throw new ProbeError(
        'cannot-load',
        `the kernel of Flatcar ${version} checks the versions of symbols, and its Module.symvers is published in an image alone: POST the host's config and Module.symvers to /v1/probes`,
      )
  }
}

const mixed = ({ version, arch }: FlatcarRelease, why: string): ProbeError =>
  new ProbeError(
    'signature-invalid',
    `the mirror's files of Flatcar ${version} (${arch}) are signed, but they are not of one release: ${why.replace(/\.$/, '')}. Its mirror may be in the middle of an update: the registry tries again`,
  )
