// Builds the loader's image for one architecture: the root with its tools in the lower layer, the loader in
// the upper one.

import { packageLines, type Root } from '../../lib/build/roots/roots.ts'
import type { Folder, FolderEntry } from '../../lib/model/ports.ts'
import type { ImageDriver } from './driver.ts'
import { type Image, layerOf, type Platform } from './layout.ts'
import { fileOf, imageTree, sorted } from './tree.ts'

export interface ImageParts {
  readonly platform: Platform
  /** packages, and the root that they were composed to */
  readonly root: Root
  readonly composed: Folder
  /** readable names of the packages' suites */
  readonly suites: readonly string[]
  readonly loader: Uint8Array
  readonly driver: ImageDriver
  /** value of DRIVERS_REPO, if the image sets it */
  readonly registries?: string
  /** the registry's armored public key, if the image contains it */
  readonly key?: Uint8Array
  readonly created?: string
}

const LOADER = 'usr/bin/falco-driver-loader'
/** The package list; the file's sha256 is the id of the list. */
const PACKAGES = 'usr/share/falco-driver-loader/packages'
/** Where the loader looks for a key by default. */
const KEY = 'etc/falco/falco-probes.asc'
/** Prefix of our own label names. */
const OWN = 'internal.falco-probe-registry'

/** @throws {Error} as for `imageTree` */
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

/** Labels that are the same for every architecture. */
export const labelsOf = ({ version, name, source }: ImageDriver) => ({
  'org.opencontainers.image.title': 'falco-driver-loader',
  'org.opencontainers.image.description':
    "Installs the probe for a host's kernel from a registry that builds missing probes",
  'org.opencontainers.image.version': version,
  [`${OWN}.driver-name`]: name,
  ...(source === undefined ? {} : { [`${OWN}.driver-source`]: source }),
})

/** An image tag may not contain `+`, which Helm also replaces by `_`, or `~`. */
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

/** Each path once, together with its parent folders. */
function withFolders(entries: readonly FolderEntry[]): FolderEntry[] {
  const all = new Map<string, FolderEntry>()
  for (const { path } of entries)
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
      all.set(path.slice(0, end), folder(path.slice(0, end)))
  for (const entry of entries) all.set(entry.path, entry)
  return sorted(all.values())
}
