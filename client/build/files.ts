// Writes the results of a build: the probe with `.json` and `.log`, as at a registry's URL, but unsigned.

import { randomUUID } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { sha256 } from '../../lib/model/digest.ts'
import { fileOf } from '../../lib/names/file.ts'
import { provenanceOf } from '../../lib/publish/artifacts.ts'
import { statementOf } from '../../lib/signing/statement.ts'
import { UsageError } from '../command-line.ts'
import type { Outcome } from './build.ts'

interface Left {
  /** the probe; absent if there is none */
  readonly file?: { readonly path: string; readonly sha256: string }
  /** path of the log; absent if the build wrote none */
  readonly log?: string
}

/**
 * Refuses a folder that cannot be written, before the build starts. Does not create the folder.
 * @throws {UsageError}
 */
export function checkFolder(folder: string): void {
  const found = existsSync(folder) ? folder : nearest(resolve(folder))
  if (!statSync(found).isDirectory()) throw new UsageError(`--out ${folder}: ${found} is not a folder`)
  try {
    accessSync(found, constants.W_OK | constants.X_OK)
  } catch {
    throw new UsageError(`--out ${folder}: this user may write nothing in ${found}`)
  }
}

const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)))

/** Writes each file atomically, and the probe last. */
export function leave(folder: string, outcome: Outcome): Left {
  const path = join(folder, fileOf(outcome.probe))
  const body = outcome.tag === 'built' ? outcome.staged.log : outcome.log
  const log = body === undefined ? {} : { log: `${path}.log` }
  if (body !== undefined) replace(`${path}.log`, body)
  if (outcome.tag === 'failed') return log
  const { probe } = outcome.staged
  replace(`${path}.json`, `${JSON.stringify(story(outcome), undefined, 2)}\n`)
  replace(path, probe)
  return { ...log, file: { path, sha256: sha256(probe) } }
}

/** The status document of a registry, without the parts that only a registry knows. */
function story({ probe, staged }: Extract<Outcome, { tag: 'built' }>): object {
  return {
    state: 'built',
    signed: false,
    probe,
    sha256: sha256(staged.probe),
    bytes: staged.probe.length,
    manifest: provenanceOf(staged),
    statement: statementOf({ probe, ...staged.plan }),
  }
}

function replace(path: string, body: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}`
  try {
    writeFileSync(temporary, body)
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}
