// The image of the loader, one architecture: the root that it runs in, and above it the loader itself.

import { packageLines, type Root } from '../../lib/build/roots/roots.ts'
import type { Folder, FolderEntry } from '../../lib/model/ports.ts'
import type { ImageDriver } from './driver.ts'
import { type Image, layerOf, type Platform } from './layout.ts'
import { fileOf, imageTree, sorted } from './tree.ts'

export interface ImageParts {
  readonly platform: Platform
  /** its packages, and what they were composed to */
  readonly root: Root
  readonly composed: Folder
  /** suites that the packages are of, for a person */
  readonly suites: readonly string[]
  readonly loader: Uint8Array
  readonly driver: ImageDriver
  /** DRIVERS_REPO, where the image is to say it */
  readonly registries?: string
  /** the registry's public key, armored, where the image is to have it */
  readonly key?: Uint8Array
  readonly created?: string
}

const LOADER = 'usr/bin/falco-driver-loader'
/** The list of the packages; its sha256 is the id of the list. */
const PACKAGES = 'usr/share/falco-driver-loader/packages'
/** Where the loader looks for one that nothing else names. */
const KEY = 'etc/falco/falco-probes.asc'
/** Before the names of labels of our own. */
const OWN = 'internal.falco-probe-registry'

/** Error as for `imageTree`. */
export function imageOf(parts: ImageParts): Image {
  const { platform, root, composed, suites, loader, driver, key, created } = parts
  const list = fileOf(PACKAGES, Buffer.from(packageLines(root.packages)))
  const tree = withFolders([...imageTree(composed), list])
  const base = layerOf(`${root.packages.length} packages of ${suites.join(', ')}`, tree)
  const own = [fileOf(LOADER, loader, true), ...(key === undefined ? [] : [fileOf(KEY, key)])]
  const above = layerOf('falco-driver-loader', withFolders([...own, folder('etc/falco')]))
  return {
    platform,
    layers: [base, above],
    env: envOf(parts),
    entrypoint: [`/${LOADER}`],
    labels: {
      ...labelsOf(driver),
      [`${OWN}.root`]: `sha256:${base.diffId}`,
      [`${OWN}.root-packages`]: root.id,
      [`${OWN}.root-suites`]: suites.join(' '),
    },
    ...(created === undefined ? {} : { created }),
  }
}

/** What is the same for every architecture. */
export const labelsOf = ({ version, name, source }: ImageDriver) => ({
  'org.opencontainers.image.title': 'falco-driver-loader',
  'org.opencontainers.image.description':
    "Puts the probe of a host's kernel in place, out of a registry that builds what is missing",
  'org.opencontainers.image.version': version,
  [`${OWN}.driver-name`]: name,
  ...(source === undefined ? {} : { [`${OWN}.driver-source`]: source }),
})

/** A name of an image may hold no `+`, for which Helm writes `_` as well, and no `~`. */
export const tagOf = (driverVersion: string): string =>
  driverVersion.replaceAll('+', '_').replaceAll('~', '-')

const envOf = ({ driver, registries }: ImageParts) => ({
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  HOST_ROOT: '/host',
  ...(registries === undefined ? {} : { DRIVERS_REPO: registries }),
  DRIVER_VERSION: driver.version,
  DRIVER_NAME: driver.name,
})

const folder = (path: string): FolderEntry => ({ tag: 'folder', path })

/** Each path once, with the folders that it lies in. */
function withFolders(entries: readonly FolderEntry[]): FolderEntry[] {
  const all = new Map<string, FolderEntry>()
  for (const { path } of entries)
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
      all.set(path.slice(0, end), folder(path.slice(0, end)))
  for (const entry of entries) all.set(entry.path, entry)
  return sorted(all.values())
}
