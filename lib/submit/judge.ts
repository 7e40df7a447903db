// Checks which probes can load on a host, from its kernel config. Builds and stores nothing.

import type { Identity } from '../clients/ask.ts'
import type { IgnoredFact } from '../clients/facts.ts'
import { falcoctlIdentity } from '../clients/falcoctl.ts'
import { type Compiler, compilerOf } from '../kconfig/compiler.ts'
import type { Kconfig } from '../kconfig/kconfig.ts'
import { parseKconfig } from '../kconfig/parse.ts'
import { readConfig } from '../kconfig/read.ts'
import { type Summary, summarize } from '../kconfig/summary.ts'
import { noProbeNeeded, type Verdict, verdicts } from '../kconfig/verdicts.ts'
import { checkKernel, targetNamed } from '../kernels/targets.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { KINDS, type Kind, type Probe } from '../model/probe.ts'
import type { Settings } from '../model/settings.ts'
import { canonical } from '../names/aliases.ts'
import { format, parseProbe } from '../names/grammar.ts'
import { type Contradiction, contradictions } from './contradictions.ts'
import { oddProcVersion } from './proc-version.ts'
import type { Submission } from './submission.ts'
import { exportsOf, readSymvers } from './symvers.ts'

export interface Judged {
  /** the config, decompressed; one character for each byte */
  readonly text: string
  readonly config: Kconfig
  /** uncompressed */
  readonly symvers: Uint8Array | undefined
  readonly identity: Identity
  /** sentences, the most important first */
  readonly advice: readonly string[]
  /** whether each engine of Falco runs on that kernel */
  readonly summary: Summary
  /** results of the compatibility check, for each kind of probe */
  readonly verdicts: readonly (Verdict & { readonly kind: Kind })[]
  readonly compiler: Compiler
  /** facts that cannot all be true */
  readonly contradictions: readonly Contradiction[]
  /** facts that the registry cannot use */
  readonly ignored: readonly IgnoredFact[]
}

/** @throws {ProbeError} `bad-config`, `bad-field`, `body-too-large`. */
export async function judge({ build }: Pick<Settings, 'build'>, submission: Submission): Promise<Judged> {
  const { facts, procVersion } = submission
  const identity = identityOf(submission)
  const { text } = await readConfig(submission.config)
  const config = parseKconfig(text)
  const symvers = submission.symvers && (await readSymvers(submission.symvers, facts.unameRelease))
  const kernel = { kernelRelease: facts.unameRelease, exported: symvers && exportsOf(symvers) }
  const odd = oddProcVersion(procVersion)
  const summary = summarize(config, kernel)
  const headersOf = ownTarget({ arch: facts.machine, ...identity })
  return {
    ...{ text, config, symvers, identity, summary },
    contradictions: contradictions({
      release: facts.unameRelease,
      version: facts.unameVersion,
      machine: submission.foreignMachine === undefined ? facts.machine : undefined,
      procVersion,
      config,
    }),
    ignored: [...facts.ignored, ...odd],
    advice: [noProbeNeeded(summary)].filter((line) => line !== undefined),
    verdicts: KINDS.flatMap((kind) =>
      verdicts(config, { ...kernel, arch: facts.machine, kind, headersOf }).map((one) => ({ kind, ...one })),
    ),
    compiler: compilerOf({
      config,
      procVersion: odd.length > 0 ? undefined : procVersion,
      kernelRelease: facts.unameRelease,
      commands: build.compilers,
    }),
  }
}

/** The target whose archive may have this kernel's headers. The headers then decide, not the config. */
function ownTarget(kernel: Pick<Probe, 'arch'> & Identity): string | undefined {
  try {
    checkKernel({ driverVersion: '1', driverName: 'falco', kind: 'kmod', ...kernel })
    return targetNamed(kernel.target)
  } catch (error) {
    if (isProbeError(error, 'unknown-target') || isProbeError(error, 'unsupported-kernel')) return undefined
    throw error
  }
}

/** The identity in the loader's URL. If no loader can name this kernel, the target is `vanilla`. */
function identityOf({ facts }: Submission): Identity {
  const named = facts.ignored.some(({ field }) => field === 'os-release') ? undefined : namedByLoader(facts)
  if (named !== undefined) return named
  const kernelVersion = /#(\d{1,9})/.exec(facts.unameVersion)?.[1] ?? '1'
  try {
    const identity = { target: 'vanilla', kernelRelease: facts.unameRelease, kernelVersion }
    namedProbe(facts.machine, identity)
    return identity
  } catch (error) {
    if (!isProbeError(error)) throw error
    throw new ProbeError('bad-field', `release: no probe can be named for it: ${error.message}`)
  }
}

function namedByLoader(facts: Submission['facts']): Identity | undefined {
  try {
    const { target, kernelRelease, kernelVersion } = namedProbe(facts.machine, falcoctlIdentity(facts))
    return { target, kernelRelease, kernelVersion }
  } catch (error) {
    if (!isProbeError(error)) throw error
    return undefined
  }
}

/** The canonical probe, if its name parses to the same identity. @throws {ProbeError} `malformed`: it does not. */
function namedProbe(arch: Probe['arch'], identity: Identity): Probe {
  const probe = canonical({ driverVersion: '1', arch, driverName: 'falco', kind: 'kmod', ...identity })
  const read = parseProbe(format(probe)).probe
  if (read.target === probe.target && read.kernelRelease === probe.kernelRelease) return read
  throw new ProbeError('malformed', `${format(probe)} reads as another probe`)
}
