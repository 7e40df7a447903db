// Runs a build with this user's cache, and with folders that exist only during the build.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDirectory } from '../../lib/aws/directory.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { queryDatabase } from '../../lib/aws/sqlite.ts'
import { type BuildRootPorts, buildRoot, stepsRoot } from '../../lib/build/roots/build-root.ts'
import { createRoots, type Root } from '../../lib/build/roots/roots.ts'
import { keepSubmitted } from '../../lib/inputs/submitted.ts'
import type { AllSettings } from '../../lib/kernels/settings.ts'
import type { RootSpec } from '../../lib/model/events.ts'
import type { Fetch } from '../../lib/model/ports.ts'
import { createPlanning } from '../../lib/plan/planning.ts'
import type { Builder } from '../../local/codebuild/builder.ts'
import { rootPlaces } from '../../local/roots.ts'
import { bucketStore } from '../roots/bucket.ts'
import { folderListDates, folderStore } from '../roots/folder-store.ts'
import { keptRoots, teller } from '../roots/kept-roots.ts'
import type { Asked } from './asked.ts'
import { buildProbe, type Outcome } from './build.ts'
import { runOnMachine } from './machine.ts'
import { downloads } from './progress.ts'
import { storedSources } from './sources.ts'
import { openBuildStore } from './store.ts'

interface LocalOptions {
  readonly settings: AllSettings
  /** cache folder of this user */
  readonly cache: string
  readonly builder: Builder
  readonly folders: Folders
  readonly tell: (line: string) => void
}

interface Folders {
  /** readable only by this user */
  readonly work: string
  /** on disk, because a temporary folder may be in memory; the build user may enter it */
  readonly scratch: string
  remove(): void
}

/** Creates the folders. A crash leaves them behind; the machine cleans up its temporary files. */
export function openFolders(): Folders {
  const [work, scratch] = [tmpdir(), '/var/tmp'].map((dir) => mkdtempSync(join(dir, 'probe-registry-build-')))
  const folders = { work: work!, scratch: scratch! }
  const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  return { ...folders, remove: () => Object.values(folders).forEach(remove) }
}

/** Maximum milliseconds of one download. */
const TIMEOUT = 600_000
/** Maximum bytes of a response that is cached. */
const MAX_REMEMBERED = 4 * 1024 * 1024

/** @throws {ProbeError} as for `buildProbe` */
export async function buildHere(options: LocalOptions, asked: Asked): Promise<Outcome> {
  const { settings, cache, builder, folders, tell } = options
  const now = Date.now
  const { network } = settings
  const inputsFolder = join(cache, 'inputs')
  const inputs = bucketStore(inputsFolder)
  const progress = downloads(tell, now)
  const fetch = onceEach(createFetch({ files: true, settings, network, timeoutMs: TIMEOUT, progress }))
  const archive = { fetch, inputs, now, lists: folderListDates(cache), log: () => {} }
  const planning = createPlanning({
    ...archive,
    settings,
    sources: storedSources(cache),
    readDirectory,
    query: queryDatabase,
  })
  const places = rootPlaces(cache)
  const kept = keptRoots(cache, createFetch({ settings, network, timeoutMs: TIMEOUT }))
  const rootPorts: BuildRootPorts = {
    machines: settings.build.machines,
    roots: createRoots({ ...archive, inputs: folderStore(cache) }, settings.roots),
    records: kept,
    composed: oneByOne((root: Root, spec: RootSpec) => {
      const what = `build root of ${spec.tag === 'compilers' ? spec.commands.join(' and ') : 'the steps'}`
      tell(`${what}: composing it in ${cache}, once for all builds and registries of this user`)
      return kept.compose(root, teller(what, tell))
    }),
  }
  for (const file of asked.files) await keepSubmitted(inputs, file)
  const store = join(folders.scratch, 'store.sock')
  const urls = await openBuildStore({
    ...{ work: folders.work, socket: store },
    ...{ inputs: inputsFolder, roots: places.objects, now },
  })
  try {
    return await buildProbe(
      {
        ...planning,
        ...urls,
        settings,
        kernels: { recorded: async () => asked.record },
        root: (arch, kind, wanted) => buildRoot(rootPorts, arch, kind, wanted),
        stepsRoot: (arch, phase) => stepsRoot(rootPorts, arch, phase),
        run: (order) =>
          runOnMachine(
            {
              ...{ builder, ...folders, roots: places, store, now },
              timeoutMinutes: settings.build.timeoutMinutes,
              said: (line) => tellStage(line, tell),
            },
            order,
          ),
        newId: randomUUID,
        log: () => {},
        tell,
      },
      asked.probe,
    )
  } finally {
    await urls.close()
  }
}

/** Fetches each URL only once: several parts of a plan read the same signed lists. */
function onceEach(fetch: Fetch): Fetch {
  const answers = new Map<string, Promise<Uint8Array>>()
  return (url, options) => {
    const before = answers.get(url)
    if (before !== undefined) return before
    const answer = fetch(url, options)
    if (options.maxBytes <= MAX_REMEMBERED) answers.set(url, answer)
    return answer
  }
}

/**
 * Runs calls one after the other. Two roots share packages, which are removed when the first root is
 * complete.
 */
function oneByOne<A extends readonly unknown[], T>(
  work: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (...args) => {
    const next = last.then(
      () => work(...args),
      () => work(...args),
    )
    last = next
    return next
  }
}

/** Prints the current stage and its duration; the log has the details. */
function tellStage(line: string, tell: (line: string) => void): void {
  const [, said] = /^== ([ -~]{1,80})$/.exec(line) ?? []
  if (said !== undefined) tell(`build: ${said}`)
}
