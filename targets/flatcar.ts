// Checks whether each Flatcar release finds its own kernel among the folders of all releases.

import { kernelOfRelease } from '../lib/kernels/flatcar/kernel.ts'
import { channelsFor, flatcarRelease } from '../lib/kernels/flatcar/names.ts'
import { flatcar } from '../lib/kernels/flatcar/target.ts'
import { isProbeError } from '../lib/model/errors.ts'
import { fileOf, type Judge, RIGHT, type Row, type Verdict, wrong } from './rows.ts'

const SOURCE = /^linux-(\d+\.\d+(?:\.\d+)?)\.tar\.xz$/

export const flatcarJudge: Judge = async (rows) => {
  const folders = new Map(rows.map((row, at) => [folderOf(row), releaseOf(row, at)]))
  return rows.map((row) => judge(folders, row))
}

type Texts = Parameters<typeof kernelOfRelease>[1]

function judge(folders: ReadonlyMap<string, Texts>, row: Row): Verdict {
  try {
    const release = flatcarRelease(row)
    const channel = channelsFor(release)[0] ?? 'stable'
    const texts = folders.get(`${flatcar.defaults.channels[channel]}/${row.arch}/${release.version}`)
    if (texts === undefined) return wrong(`it is looked for among those of the channel ${channel}`)
    const { sourceVersion } = kernelOfRelease(release, texts)
    const expected = sourcesOf(row)
    return expected.length === 0 || expected.includes(sourceVersion)
      ? RIGHT
      : wrong(`it is built of Linux ${sourceVersion}, and ${expected.join(', ')} was used`)
  } catch (error) {
    if (!isProbeError(error)) throw error
    return wrong(error.message)
  }
}

/** The second number of a release identifies its channel. */
function folderOf({ kernelRelease, arch }: Row): string {
  const channel = (['alpha', 'beta', 'stable'] as const)[Number(kernelRelease.split('.')[1])] ?? 'lts'
  return `${flatcar.defaults.channels[channel]}/${arch}/${kernelRelease}`
}

/** kernel.org names the release 6.1.0 only 6.1. */
const sourcesOf = ({ urls }: Row): string[] =>
  urls.flatMap((url) => {
    const version = SOURCE.exec(fileOf(url))?.[1]
    return version === undefined ? [] : [version.replace(/^(\d+\.\d+)$/, '$1.0')]
  })

/** A row without a source gets one that no other row has. */
function releaseOf(row: Row, at: number): Texts {
  const version = sourcesOf(row)[0] ?? `6.1.${at}`
  return {
    config: `# Linux/x86 ${version}-flatcar Kernel Configuration\nCONFIG_LOCALVERSION=""\nCONFIG_GCC_VERSION=130201\n`,
    packages: `sys-devel/gcc-13.2.1_p20230826::portage-stable\nsys-kernel/coreos-kernel-${version}::coreos\n`,
  }
}
