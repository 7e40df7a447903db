// `probe-registry check`: checks from a kernel config whether Falco's engines run on that kernel, without a
// network.

import { readFileSync } from 'node:fs'
import { compilerOf } from '../../lib/kconfig/compiler.ts'
import { verdictsDocument } from '../../lib/kconfig/document.ts'
import type { Kconfig } from '../../lib/kconfig/kconfig.ts'
import { parseKconfig } from '../../lib/kconfig/parse.ts'
import { readConfig } from '../../lib/kconfig/read.ts'
import { type EngineAnswer, type Summary, summarize } from '../../lib/kconfig/summary.ts'
import { noProbeNeeded } from '../../lib/kconfig/verdicts.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { exportsOf, readSymvers } from '../../lib/submit/symvers.ts'
import { readLine, said, UsageError } from '../command-line.ts'

const USAGE = `Usage: probe-registry check CONFIG [OPTION...]
                                         check whether Falco's engines run on the kernel of CONFIG: /proc/config.gz,
                                         /boot/config-$(uname -r), a copy of these, or - for standard input
       probe-registry check --document   print the page of the documentation

  --release RELEASE    its uname -r, if the first comment of the config has no version
  --proc-version FILE  its /proc/version, if the config does not name the compiler
  --symvers FILE       its Module.symvers, the list of its exported symbols
  --json               print the answer of POST /v1/verdicts

Exit status: 0 an engine runs there, or may run; 1 none runs; 2 the command line is wrong, or a file is not a kernel config.
`

const text = { type: 'string' } as const
const OPTIONS = {
  help: { type: 'boolean' },
  document: { type: 'boolean' },
  json: { type: 'boolean' },
  release: text,
  'proc-version': text,
  symvers: text,
} as const

type Options = ReturnType<typeof read>['values']
const read = (args: readonly string[]) => readLine(args, OPTIONS)

/** Maximum bytes of a file; real configs are far smaller. */
const MAX_BYTES = 32 * 1024 * 1024

function bytesOf(file: string): Buffer {
  try {
    const bytes = readFileSync(file === '-' ? 0 : file)
    if (bytes.length <= MAX_BYTES) return bytes
  } catch (error) {
    throw new UsageError(said(error))
  }
  throw new UsageError(`${file} has more than ${MAX_BYTES} bytes: it is not a kernel config`)
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = read(args)
  if (values.help === true || values.document === true) {
    process.stdout.write(values.help === true ? USAGE : verdictsDocument())
    return 0
  }
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) throw new UsageError('name one CONFIG')
  const config = parseKconfig((await readConfig(bytesOf(file))).text)
  const release = values.release ?? config.headerVersion ?? ''
  const symvers =
    values.symvers === undefined ? undefined : await readSymvers(bytesOf(values.symvers), release)
  const summary = summarize(config, {
    kernelRelease: values.release,
    exported: symvers && exportsOf(symvers),
  })
  process.stdout.write(printed(config, summary, values))
  return Object.values(summary).some(({ answer }) => answer !== 'no') ? 0 : 1
}

function printed(config: Kconfig, summary: Summary, options: Options): string {
  const compiler = compilerOf({
    config,
    procVersion: options['proc-version'] && bytesOf(options['proc-version']).toString('latin1'),
    kernelRelease: options.release ?? config.headerVersion ?? '',
    commands: DEFAULTS.build.compilers,
  })
  const advice = noProbeNeeded(summary)
  if (options.json === true) {
    const { text: detail, ...rest } = compiler
    const answer = { advice: advice === undefined ? [] : [advice], summary, compiler: { ...rest, detail } }
    return `${JSON.stringify(answer, undefined, 2)}\n`
  }
  const { modernEbpf, kmod, ebpf } = summary
  return printable(
    [
      ...(advice === undefined ? [] : [advice, '']),
      ...engineLines('modern eBPF probe', modernEbpf),
      ...engineLines('kernel module', kmod),
      ...engineLines('legacy eBPF probe', ebpf),
      `compiler: ${compiler.text}`,
      '',
    ].join('\n'),
  )
}

const BY_DEFAULT: Readonly<Record<EngineAnswer['byDefault'], string>> = {
  loads: 'by default it loads',
  refused: 'by default it is refused',
  'loads-if-built-so': 'it loads if it was built as follows',
}

function engineLines(name: string, { answer, byDefault, reasons }: EngineAnswer): string[] {
  const head = answer === 'maybe' ? `maybe; ${BY_DEFAULT[byDefault]}` : answer
  return [`${name}: ${head}`, ...reasons.map(({ option, detail }) => `  ${option}: ${detail}`), '']
}

/** Replaces every character that a terminal could interpret. */
const printable = (lines: string): string => lines.replace(/[^\x20-\x7e\n]/g, '?')

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const usage = error instanceof UsageError
  if (!usage && !isProbeError(error)) throw error
  const hint = usage ? '\n`probe-registry check --help` shows how to use it' : ''
  process.stderr.write(`probe-registry check: ${printable(said(error))}${hint}\n`)
  process.exitCode = 2
}
