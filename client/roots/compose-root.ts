// `npm run compose-root -- gcc-14`: composes the root of these compilers and prints its digest, which is
// equal on every machine.

import { ROOT_ARCHIVE } from '../../lib/archives/roots.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { createRoots } from '../../lib/build/roots/roots.ts'
import { NETWORK, networkSchema } from '../../lib/model/network.ts'
import { cacheFolder } from '../../local/roots.ts'
import { aptOptions, aptSuites } from '../../local/start/apt-sources.ts'
import { settingsOf } from '../../local/start/synthesize.ts'
import { openRootCache } from './cache.ts'
import { folderListDates, folderStore } from './folder-store.ts'

const say = (line: string): void => console.log(line)

async function main(commands: readonly string[]): Promise<void> {
  const [first] = commands
  if (
    first === undefined ||
    !commands.every((command) => /^(?:gcc|clang)-\d+$|^steps$|^machine$/.test(command))
  )
    throw new Error('usage: npm run compose-root -- gcc-14 [clang-19]; or steps, or machine')
  const dir = cacheFolder(process.env)
  const suites = aptSuites()
  const { network } = settingsOf({ suites, settingsFile: process.env.SETTINGS_FILE })
  const fetch = createFetch({
    network: networkSchema.parse({ ...NETWORK, ...Object(network) }),
    timeoutMs: 600_000,
  })
  const mirror = suites.find(({ mirror: url }) => url.endsWith('/debian'))?.mirror
  const archive = { ...ROOT_ARCHIVE, ...(mirror === undefined ? {} : { mirror, ...aptOptions() }) }
  const ports = {
    fetch,
    now: Date.now,
    lists: folderListDates(dir),
    inputs: folderStore(dir),
    log: () => {},
  }
  const roots = createRoots(ports, archive)
  const started = Date.now()
  const spec =
    first === 'steps' || first === 'machine'
      ? ({ tag: first } as const)
      : ({ tag: 'compilers', commands } as const)
  const suite =
    spec.tag === 'compilers' ? (await roots.choose({ command: first }, ARCH)).suite : archive.steps
  const root = await roots.of(spec, suite, ARCH)
  const megabytes = root.packages.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6
  say(`${root.packages.length} packages of ${suite}, ${megabytes.toFixed(0)} MB`)
  const composed = await openRootCache(dir, fetch).root(root)
  say(`id ${composed.id}`)
  say(`digest ${composed.digest}`)
  say(`in ${composed.folder}, after ${((Date.now() - started) / 1000).toFixed(0)} s`)
}

const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64'

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`compose-root: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
