// Parses and formats paths of the rpm repositories: one for each driver version, distribution and its release.

import { isSha256 } from '../../model/digest.ts'
import { listObject } from '../../model/keys.ts'
import { AMAZON_TARGETS, TARGET_ALIASES } from '../../names/aliases.ts'
import type { Place } from '../places.ts'

/** `of`: for example `almalinux-el9`. */
export const repositoryId = (driverVersion: string, of: string): string => `rpm/${driverVersion}/${of}`

/** Names of files in a pointer. */
export const REPOMD = 'repodata/repomd.xml'
export const SIGNATURE = `${REPOMD}.asc`

/** Object key of a package. `key`: the probe's, `driver/{driverVersion}/{arch}/{name}`. */
export const packageObject = (key: string, sha256: string, file: string): string =>
  `rpm/packages/${key}/${sha256}/${file}`
/** Path of a package below a repository. It omits the driver version, which the repository's path contains. */
export const packageHref = (key: string, sha256: string, file: string): string =>
  `packages/${key.split('/').slice(2).join('/')}/${sha256}/${file}`

/** Path of a flavour package below a repository. */
export const flavourHref = (sha256: string, file: string): string => `flavours/${sha256}/${file}`

/** Path of a snapshot: lists that fit together and never change. */
export const snapshotPath = (id: string, repomd: string, signature: string): string =>
  `${id}/at/${repomd}/${signature}`

/** Path: `{driverVersion}/{repository}/...`. The repository may begin with the distribution's ID from os-release. */
export function rpmPlace(parts: readonly string[]): Place | undefined {
  const [driverVersion = '', repository = '', ...path] = parts
  if (driverVersion === '' || repository === '') return undefined
  const id = repositoryId(driverVersion, canonical(repository))
  if (path.join('/') === 'mirrorlist') return { tag: 'mirrors', id }
  const [at, repomd = '', signature = '', ...file] = path
  if (at !== 'at') return fileAt(driverVersion, path) ?? shownAt(id, path.join('/'))
  if (!isSha256(repomd) || !isSha256(signature)) return undefined
  const below = file.join('/')
  if (below === REPOMD) return kept(repomd)
  return below === SIGNATURE ? kept(signature) : fileAt(driverVersion, file)
}

/** Translates a repository that begins with an ID from os-release: `amzn-amzn2023`, `rhel-el9`. */
function canonical(repository: string): string {
  const [, id = '', release = ''] = /^(.*)-([^-]*)$/.exec(repository) ?? []
  const amazon = id === 'amzn' ? AMAZON_TARGETS.get(release.replace(/^amzn/, '')) : undefined
  return `${amazon ?? TARGET_ALIASES.get(id) ?? id}-${release}`
}

const shownAt = (id: string, file: string): Place | undefined =>
  file === REPOMD || file === SIGNATURE ? { tag: 'shown', id, file } : undefined

const kept = (sha256: string): Place => ({ tag: 'kept', object: listObject('rpm', sha256) })

/** Finds files that are named by their digests. All snapshots share them. */
function fileAt(driverVersion: string, [folder, ...rest]: readonly string[]): Place | undefined {
  switch (folder) {
    case 'repodata':
      return listAt(rest)
    case 'flavours':
      return rest.length === 2 && isSha256(rest[0]!) ? kept(rest[0]!) : undefined
    case 'packages':
      return packageAt(driverVersion, rest)
    default:
      return undefined
  }
}

const listAt = ([file = '', ...more]: readonly string[]): Place | undefined =>
  more.length === 0 && LIST.test(file) ? kept(file.slice(0, 64)) : undefined
const LIST = /^[0-9a-f]{64}-[a-z]+\.xml\.gz$/

function packageAt(driverVersion: string, parts: readonly string[]): Place | undefined {
  const [arch = '', name = '', sha256 = '', file = '', ...more] = parts
  if (more.length > 0 || !isSha256(sha256) || !file.endsWith('.rpm')) return undefined
  const key = `driver/${driverVersion}/${arch}/${name}`
  return { tag: 'package', object: packageObject(key, sha256, file), key }
}
