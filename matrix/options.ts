// Parses the command line of the matrix.

import { parseArgs } from 'node:util'
import { KINDS, type Kind } from '../lib/model/probe.ts'

export const USAGE = `Usage: npm run matrix -- [OPTION]...   driver version x kernel series x kind: built, loaded, or the compiler's first error
  --drivers PLACE        upstream's sources: a folder of {driverVersion}.tar.gz, or a URL with {driverVersion} in it
                         (MATRIX_DRIVERS); without it only the drivers that Debian has as packages are tried
  --versions A,B,...     only these driver versions; of a URL those of upstream have to be named
  --series 6.1,6.12,...  only these series of kernels
  --kinds kmod,ebpf      only these kinds
  --load                 have each probe loaded by its own kernel, in a virtual machine
  --data DIR             keep the registry's folder there: a run that was cut off goes on where it was
  --help                 print this
  --write                lay what was seen over matrix/results.json, and write docs/matrix.md anew
Exit status: 0 every cell was tried; 1 some was not; 2 the command line is wrong.
`

export class UsageError extends Error {}

export interface Options {
  readonly drivers?: string
  readonly versions?: readonly string[]
  readonly series?: readonly string[]
  readonly kinds: readonly Kind[]
  readonly load: boolean
  readonly data?: string
  readonly write: boolean
  readonly help: boolean
}

const OPTIONS = {
  drivers: { type: 'string' },
  versions: { type: 'string' },
  series: { type: 'string' },
  kinds: { type: 'string' },
  load: { type: 'boolean' },
  data: { type: 'string' },
  write: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** @throws {UsageError} */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { drivers = env.MATRIX_DRIVERS, versions, series, kinds, data, ...flags } = parsed(args)
  return {
    ...(drivers === undefined || drivers === '' ? {} : { drivers }),
    ...(versions === undefined ? {} : { versions: listOf(versions) }),
    ...(series === undefined ? {} : { series: listOf(series) }),
    kinds: kinds === undefined ? KINDS : listOf(kinds).map(kindOf),
    load: flags.load === true,
    ...(data === undefined ? {} : { data }),
    write: flags.write === true,
    help: flags.help === true,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

const listOf = (text: string): string[] => text.split(',').filter((part) => part !== '')

function kindOf(name: string): Kind {
  const kind = KINDS.find((known) => known === name)
  if (kind === undefined) throw new UsageError(`${name} is no kind of probe: ${KINDS.join(', ')}`)
  return kind
}
