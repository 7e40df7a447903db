// Plans Bottlerocket's kernels from kmod kits, taking the first variant of the release that has the requested
// kernel. The variant's TUF repository signs the kit's digest. The kit's toolchain is not used: it is not the
// compiler that built the kernel, and it cannot build the programs of the tree.

import type { Metadata, Root } from '@tufjs/models'
import { BOTTLEROCKET_ROOT } from '../../archives/keys/bottlerocket.ts'
import { openRepository, type TufTarget } from '../../archives/tuf/repository.ts'
import { firstRoot } from '../../archives/tuf/root.ts'
import { answers403, type ErrorCode, isProbeError, ProbeError } from '../../model/errors.ts'
import type { HeadersPlanner, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { namedByProbe } from '../shared.ts'
import { type KitFacts, knownFacts, readKit } from './kit.ts'
import { type BottlerocketKernel, checkedKernel } from './names.ts'
import type { BottlerocketSettings } from './target.ts'
import { type Variant, variantsFor } from './variants.ts'

/** Repositories that are read in parallel. */
const AT_ONCE = 4
/** Kits that one plan reads, of 100 to 200 MB each. It records their facts, so the next plan reads others. */
const MOST_KITS = 2

export function bottlerocketPlanner(ports: PlannerPorts, settings: BottlerocketSettings): HeadersPlanner {
  return {
    plan: async (request) => {
      const kernel = checkedKernel(request)
      const { kit, facts } = await kitOf(ports, settings, kernel)
      const name = kit.name.replace(/-v[0-9.]+\.tar\.xz$/, '')
      return {
        ...{ tag: 'headers', unameRelease: facts.kernelRelease, ...facts },
        headers: [{ ...kit, name, version: kernel.version, format: 'tar.xz' }],
      }
    },
    // `uname -r` does not include Bottlerocket's release, and without it no kit can be found.
    ...namedByProbe((unameRelease) =>
      headersNotFound(`${unameRelease} does not say which Bottlerocket it is of`),
    ),
    // TUF roots are not OpenPGP keys, and each has its own expiry.
    certificates: () => [],
  }
}

async function kitOf(ports: PlannerPorts, settings: BottlerocketSettings, kernel: BottlerocketKernel) {
  const variants = variantsFor(settings.variants, kernel)
  if (variants.length === 0) throw noVariant(kernel)
  const first = await firstRoot(ports, settings.root, BOTTLEROCKET_ROOT)
  const look = (variant: Variant) => lookedFor(ports, settings, { kernel, variant, first })
  const kits = kitReader(ports, kernel)
  const looks: (TufTarget | ProbeError | undefined)[] = []
  for (let at = 0; at < variants.length; at += AT_ONCE) {
    const few = await Promise.all(variants.slice(at, at + AT_ONCE).map(look))
    for (const kit of few) {
      if (kit === undefined || kit instanceof ProbeError) continue
      const facts = await kits.read(kit)
      if (facts !== undefined) return { kit, facts }
    }
    looks.push(...few)
  }
  // One store has all variants, and answers 403 for a missing file. If another variant could be read,
  // a 403 means that the file is missing.
  const unread = looks.filter((one) => one instanceof ProbeError)
  const away = unread.filter((error) => unread.length === looks.length || !answers403(error))
  throw notFound(kernel, kits.others, [...away, ...kits.refused])
}

/** The kit of a variant; `undefined` if it has none; a ProbeError if its repository cannot be read. */
async function lookedFor(
  ports: PlannerPorts,
  settings: Pick<BottlerocketSettings, 'metadata' | 'targets'>,
  asked: { readonly kernel: BottlerocketKernel; readonly variant: Variant; readonly first: Metadata<Root> },
): Promise<TufTarget | ProbeError | undefined> {
  const { kernel, variant, first } = asked
  const { name, ofThePast = false } = variant
  const repository = {
    ...{ id: `bottlerocket ${name} ${kernel.arch}`, first, ofThePast },
    ...{ metadata: `${settings.metadata}/${name}/${kernel.arch}`, targets: settings.targets },
  }
  try {
    const targets = await openRepository(ports, repository)
    return targets(`${name}-${kernel.arch}-kmod-kit-v${kernel.version}.tar.xz`)
  } catch (error) {
    // This variant never existed for that architecture.
    if (isProbeError(error, 'not-found')) return undefined
    if (isProbeError(error)) return error
    throw error
  }
}

/** Reads kits one after another, because they are large. */
function kitReader(ports: PlannerPorts, kernel: BottlerocketKernel) {
  let left = MOST_KITS
  /** why a kit was not taken: `others` have another kernel, `refused` were not read */
  const others: string[] = []
  const refused: ProbeError[] = []
  async function factsOf(kit: TufTarget): Promise<KitFacts> {
    const known = await knownFacts(ports, kit)
    if (known !== undefined) return known
    left -= 1
    if (left >= 0) return readKit(ports, kit)
    throw new ProbeError('mirror-unreachable', `${kit.name} is read at the next try`)
  }
  /** `undefined` if the kit was not taken. */
  async function read(kit: TufTarget): Promise<KitFacts | undefined> {
    try {
      const facts = await factsOf(kit)
      if (facts.kernelRelease === kernel.kernelRelease) return facts
      others.push(`${kit.name} is of ${facts.kernelRelease}`)
    } catch (error) {
      if (!isProbeError(error)) throw error
      refused.push(error)
    }
    return undefined
  }
  return { others, refused, read }
}

/** Most important first: a retry may fix the last ones. */
const LOUDEST: readonly ErrorCode[] = [
  'signature-invalid',
  'digest-mismatch',
  'too-large',
  'mirror-unreachable',
  'not-found',
]
/** Maximum number of reasons in a message. */
const MOST_REASONS = 3

function notFound(
  { kernelRelease, version, family, arch }: BottlerocketKernel,
  others: readonly string[],
  refused: readonly ProbeError[],
): ProbeError {
  const code = LOUDEST.find((one) => refused.some((error) => error.code === one))
  const told = refused.filter((error) => error.code === code)
  const reasons = [...told.map(({ message }) => message), ...others].slice(0, MOST_REASONS)
  const what = `no kmod kit of Bottlerocket ${version} (${family}, ${arch}) has kernel ${kernelRelease}`
  const because = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`
  return new ProbeError(
    code === undefined || code === 'not-found' ? 'headers-not-found' : code,
    `${what}${because}. ${code === 'signature-invalid' ? HINT : ''}POST the kernel's config to /v1/probes, or upgrade the host to a release that is signed today`,
  )
}

const HINT =
  'Take the sha512 of the newest root.json from Bottlerocket\'s BUILDING.md into bottlerocket.root.sha512 of the settings; a variant that is no longer signed needs "ofThePast": true in bottlerocket.variants. '

const noVariant = ({ family, version }: BottlerocketKernel): ProbeError =>
  headersNotFound(
    `no variant of Bottlerocket ${version} is known whose name begins with ${family}-: have the operator name it in bottlerocket.variants of the settings, or POST the kernel's config to /v1/probes`,
  )
