// `npm run image -- --driver-version 11.0.0+driver`: builds the loader's image for init containers from
// signed packages, without a container engine.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ROOT_KEYRING } from '../../lib/archives/roots.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { diskFolder } from '../../lib/aws/folder.ts'
import { type AllSettings, DEFAULTS, settingsSchema } from '../../lib/kernels/settings.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { overlay } from '../../lib/model/overlay.ts'
import { parseOwn } from '../../lib/model/parse.ts'
import { cacheFolder } from '../../local/roots.ts'
import { aptSuites } from '../../local/start/apt-sources.ts'
import { settingsOf } from '../../local/start/synthesize.ts'
import { readLine, said, UsageError } from '../command-line.ts'
import { openRootCache } from '../roots/cache.ts'
import { folderListDates, folderStore } from '../roots/folder-store.ts'
import { teller } from '../roots/kept-roots.ts'
import { driverName, driverOf } from './driver.ts'
import { imageOf, labelsOf, tagOf } from './image.ts'
import { type Image, layoutOf, type Platform } from './layout.ts'
import { imageRoot, imageSuites, PLATFORMS } from './packages.ts'
import { checkPlace, writeLayout } from './write.ts'

const USAGE = `Usage: npm run image -- --driver-version VERSION [OPTION...]
       npm run image -- --driver-source FOLDER [OPTION...]
                                 write an image with the loader for init containers, as an OCI image layout

The driver that the loader requests from a registry:
  --driver-version VERSION   e.g. 11.0.0+driver, or a commit of falcosecurity/libs (40 hex digits)
  --driver-source FOLDER     the commit of a checkout of a branch or a pull request; with --driver-version any folder
                             of driver sources, under that name
  --driver-name NAME         falco or scap; default: the first that this version has
Defaults in the image:
  --registries URLS          DRIVERS_REPO, e.g. https://probes.example.org/driver; default: the container's environment
  --key FILE                 the registry's public key, armored; default: the file that is mounted at /etc/falco
The image:
  --arch ARCH                amd64 or arm64, may be repeated; default: both
  --out DIR                  the layout, and DIR.tar next to it; default: .build/image
  --settings FILE            JSON settings, as a registry's SETTINGS_FILE: roots.mirror, debian.mirrors, network

SOURCE_DATE_EPOCH in the environment, in seconds since 1970, is the creation time in the image.
Exit status: 0 written; 1 there is no such driver; 2 the command line is wrong; 3 a problem that may pass or that you can
solve (a mirror does not answer or lacks an architecture, no space), with the reason.
`

const text = { type: 'string' } as const
const OPTIONS = {
  help: { type: 'boolean' },
  'driver-version': text,
  'driver-source': text,
  'driver-name': text,
  registries: text,
  key: text,
  arch: { ...text, multiple: true },
  out: text,
  settings: text,
} as const

/** Output folder inside the project; git ignores it. */
const PLACE = '.build/image'
const LOADER = join(import.meta.dirname, '..', 'falco-driver-loader')

const say = (line: string): void => console.log(line)

async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values, positionals } = readLine(args, OPTIONS)
  if (values.help === true) return say(USAGE)
  if (positionals.length > 0) throw new UsageError(`${JSON.stringify(positionals[0])} is not an option`)
  // npm runs scripts in the project folder. INIT_CWD is the folder where the user called it.
  const at = (path: string): string => resolve(env.INIT_CWD ?? '.', path)
  const out = values.out === undefined ? resolve(PLACE) : at(values.out)
  const platforms = platformsOf(values.arch)
  const settings = settingsIn(values.settings === undefined ? env.SETTINGS_FILE : at(values.settings))
  checkPlace(out)
  const driver = await driverOf(settings, {
    version: values['driver-version'],
    folder: values['driver-source'] === undefined ? undefined : at(values['driver-source']),
    name: driverName(values['driver-name']),
  })
  const beside = {
    ...createdIn(env.SOURCE_DATE_EPOCH),
    ...registriesIn(values.registries),
    ...(values.key === undefined ? {} : { key: keyIn(at(values.key)) }),
  }
  const images: Image[] = []
  for (const platform of platforms)
    images.push(await made(settings, cacheFolder(env), { platform, driver, ...beside }))
  const tag = tagOf(driver.version)
  const layout = layoutOf(tag, images, labelsOf(driver))
  const archive = writeLayout(out, layout)
  say(`${out} and ${archive}: falco-driver-loader:${tag}, sha256:${layout.digest}`)
  if (driver.hint !== undefined) say(driver.hint)
}

type Wanted = Pick<Parameters<typeof imageOf>[0], 'platform' | 'driver' | 'created' | 'registries' | 'key'>

/** Composes the root once for these packages, and keeps it with this user's other roots. */
async function made(settings: AllSettings, cache: string, wanted: Wanted): Promise<Image> {
  const { platform } = wanted
  const fetch = createFetch({ settings, network: settings.network, timeoutMs: 600_000 })
  const suites = imageSuites(settings)
  const [inputs, lists] = [folderStore(cache), folderListDates(cache)]
  const ports = { fetch, now: Date.now, inputs, lists, log: () => {}, keyring: ROOT_KEYRING }
  const root = await imageRoot(ports, suites, platform)
  const composed = await openRootCache(cache, fetch).root(root, teller(`packages for ${platform}`, say))
  const image = imageOf({
    ...wanted,
    root,
    composed: diskFolder(composed.folder),
    suites: suites.map(({ suite }) => suite),
    loader: readFileSync(LOADER),
  })
  const bytes = image.layers.reduce((sum, { body }) => sum + body.length, 0)
  const { length } = root.packages
  say(`${platform}: ${length} packages of ${root.suite}, ${(bytes / 1e6).toFixed(1)} MB compressed`)
  return image
}

/** This host's own mirrors, overridden by the file. */
function settingsIn(file: string | undefined): AllSettings {
  const own = settingsOf({ suites: aptSuites(), settingsFile: file || undefined })
  const what = file ?? "this machine's settings"
  return parseOwn(settingsSchema, overlay(DEFAULTS, own), what, 'docs/settings.md lists every setting')
}

function platformsOf(given: readonly string[] | undefined): readonly Platform[] {
  const wrong = given?.find((one) => !PLATFORMS.some((platform) => platform === one))
  if (wrong !== undefined)
    throw new UsageError(`the loader's image is made for ${PLATFORMS.join(' and ')}, not for ${wrong}`)
  return given === undefined ? PLATFORMS : PLATFORMS.filter((platform) => given.includes(platform))
}

/** https://reproducible-builds.org/specs/source-date-epoch/ */
function createdIn(epoch: string | undefined): { created?: string } {
  if (epoch === undefined || epoch === '') return {}
  const time = new Date(/^\d{1,11}$/.test(epoch) ? Number(epoch) * 1000 : Number.NaN)
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`SOURCE_DATE_EPOCH=${epoch} is not a number of seconds since 1970`)
  return { created: time.toISOString().replace('.000Z', 'Z') }
}

/** Reads the list with the loader's separators. */
function registriesIn(urls: string | undefined): { registries?: string } {
  if (urls === undefined) return {}
  const wrong = urls.split(/[\s,;]+/).find((url) => !/^https?:\/\/[^/]/.test(url))
  if (wrong === undefined) return { registries: urls }
  throw new UsageError(`--registries: ${JSON.stringify(wrong)} is not an http or https URL`)
}

/** Reads the key. Everyone who can pull the image can read its contents, so a private key is refused. */
function keyIn(file: string): Uint8Array {
  const key = bytesOf(file)
  if (key.includes('PRIVATE KEY BLOCK'))
    throw new UsageError(
      `--key ${file} holds a private key, which must not be in an image: curl -O https://REGISTRY/keys/falco-probes.asc fetches the public one`,
    )
  if (key.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) return key
  throw new UsageError(`--key ${file} contains no armored OpenPGP public key`)
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageError(`--key ${file}: ${said(error)}`)
  }
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return 2
  const gone = ['unknown-driver-version', 'driver-source-not-found', 'unsupported-driver-name']
  return isProbeError(error) && gone.includes(error.code) ? 1 : 3
}

main(process.argv.slice(2), process.env).catch((error: unknown) => {
  process.exitCode = statusOf(error)
  const { code } = error as NodeJS.ErrnoException
  const room =
    code === 'ENOSPC' ? ': there is no space left; XDG_CACHE_HOME and --out choose the folders' : ''
  const hint = process.exitCode === 2 ? '\n`npm run image -- --help` shows how to use it' : ''
  console.error(`image: ${said(error)}${room}${hint}`)
})
