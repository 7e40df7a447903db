// What a build is made with on this machine: this user's cache, and folders of this build alone that are gone afterwards.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDirectory } from '../../lib/aws/directory.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { buildRoot } from '../../lib/build/roots/build-root.ts'
import { createRoots } from '../../lib/build/roots/roots.ts'
import { keepInput } from '../../lib/inputs/inputs.ts'
import type { AllSettings } from '../../lib/kernels/settings.ts'
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
import { storedSources } from './sources.ts'
import { openBuildStore } from './store.ts'

export interface LocalOptions {
  readonly settings: AllSettings
  /** of this user */
  readonly cache: string
  readonly builder: Builder
  readonly folders: Folders
  readonly tell: (line: string) => void
}

export interface Folders {
  /** for nobody else's eyes */
  readonly work: string
  /** on disk, where a folder of temporary files may be memory, and open to the builds' user */
  readonly scratch: string
  remove(): void
}

/** A crash leaves them behind, for the machine to remove as it does with such files. */
export function openFolders(): Folders {
  const [work, scratch] = [tmpdir(), '/var/tmp'].map((dir) => mkdtempSync(join(dir, 'probe-registry-build-')))
  const folders = { work: work!, scratch: scratch! }
  const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  return { ...folders, remove: () => Object.values(folders).forEach(remove) }
}

/** Of one download, in milliseconds. */
const TIMEOUT = 600_000

/** ProbeError: those of `buildProbe`. */
export async function buildHere(options: LocalOptions, asked: Asked): Promise<Outcome> {
  const { settings, cache, builder, folders, tell } = options
  const now = Date.now
  const inputsFolder = join(cache, 'inputs')
  const inputs = bucketStore(inputsFolder)
  const fetch = told(createFetch({ files: true, settings, timeoutMs: TIMEOUT }), tell)
  const archive = { fetch, inputs, now, lists: folderListDates(cache), log: () => {} }
  const planning = createPlanning({ ...archive, settings, sources: storedSources(cache), readDirectory })
  const places = rootPlaces(cache)
  const kept = keptRoots(cache, createFetch({ settings, timeoutMs: TIMEOUT }))
  const rootPorts = {
    roots: createRoots({ ...archive, inputs: folderStore(cache) }, settings.roots),
    records: kept,
    composed: kept.compose,
  }
  for (const file of asked.files) await keepInput(inputs, file)
  const urls = await openBuildStore({ work: folders.work, inputs: inputsFolder, roots: places.objects, now })
  try {
    return await buildProbe(
      {
        ...planning,
        ...urls,
        settings,
        kernels: { recorded: async () => asked.record },
        root: (arch, kind, wanted) =>
          buildRoot(
            {
              ...rootPorts,
              composed: (root) => {
                const what = `build root of ${wanted.command}`
                tell(`${what}: composing it in ${cache}, once for all builds and registries of this user`)
                return kept.compose(root, teller(what, tell))
              },
            },
            arch,
            kind,
            wanted,
          ),
        run: (order) =>
          runOnMachine(
            {
              ...{ builder, ...folders, roots: places, now },
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

/** Each file that is fetched, by its name. */
const told =
  (fetch: Fetch, tell: (line: string) => void): Fetch =>
  (url, options) => {
    tell(`fetching ${url.replace(/\?.*$/s, '')}`)
    return fetch(url, options)
  }

/** Which stage the build is in, and how long each took: its log says more. */
function tellStage(line: string, tell: (line: string) => void): void {
  const [, said] = /^== ([ -~]{1,80})$/.exec(line) ?? []
  if (said !== undefined) tell(`build: ${said}`)
}
