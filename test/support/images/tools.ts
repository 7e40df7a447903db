// Programs that read and write image registries, unpacked from Debian's packages without installing them; and cosign, if this
// machine has it.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { archive } from '../builds/apt.ts'
import { packagedProgram } from '../debs.ts'
import { STRICT } from '../registry/mode.ts'
import { type Ran, run } from './run.ts'

export type Tool = (...args: readonly string[]) => Promise<Ran>

/** Unpacks it below `folder`. `program`: its path in the package `name`. */
export function toolOf(folder: string, name: string, program: string): string {
  const place = join(folder, name)
  // A running program cannot be overwritten.
  const known = commands.get(place)
  if (known !== undefined) return known
  mkdirSync(place, { recursive: true })
  const packaged = packagedProgram(archive(), name, program, isLibrary)
  for (const [file, body] of Object.entries(packaged.files))
    writeFileSync(join(place, file), body, { mode: 0o755 })
  const command = packaged.command(place)
  commands.set(place, command)
  return command
}
const commands = new Map<string, string>()

/** The program needs only libraries to run; its other dependencies are for services and settings. */
const isLibrary = (name: string): boolean => name.startsWith('lib')

/** Copies and shows images. It trusts the registry, and checks every digest. */
export function skopeo(folder: string): Tool {
  const [command = '', ...first] = toolOf(folder, 'skopeo', 'usr/bin/skopeo').split(' ')
  const once: Tool = (...args) => run(command, [...first, '--insecure-policy', ...args], folder)
  return STRICT ? again(once) : once
}

/** S3 and DynamoDB sometimes throttle. skopeo 1.9 does not retry after such an answer, not even with `--retry-times`. */
const THROTTLED = /status(?: code from registry|:) (?:429|50[0-4])\b/i
const TRIES = 5

const again =
  (tool: Tool): Tool =>
  async (...args) => {
    for (let tried = 1; ; tried++) {
      const ran = await tool(...args)
      if (ran.code === 0 || tried === TRIES || !THROTTLED.test(ran.stderr)) return ran
      await setTimeout(1000 * tried)
    }
  }

/** Unpacks images. */
export function umoci(folder: string): Tool {
  const [command = '', ...first] = toolOf(folder, 'umoci', 'usr/bin/umoci').split(' ')
  return (...args) => run(command, [...first, ...args], folder)
}

/** Why the tests cannot use cosign; `undefined`: cosign is available. */
export const whyNoCosign = (): string | undefined =>
  spawnSync(COSIGN, ['version']).status === 0
    ? undefined
    : 'no package has cosign: put it on the PATH, or name it in COSIGN (go install github.com/sigstore/cosign/v2/cmd/cosign@v2.4.1)'

const COSIGN = process.env.COSIGN ?? 'cosign'

export const cosign =
  (folder: string): Tool =>
  (...args) =>
    run(COSIGN, args, folder)
