// Paths of the rpm repositories: one for each driver version, distribution and its release.

import { isSha256 } from '../../model/digest.ts'
import { listObject } from '../../model/keys.ts'
import { AMAZON_TARGETS, TARGET_ALIASES } from '../../names/aliases.ts'
import type { Place } from '../places.ts'

/** `of`: `almalinux-el9` */
export const repositoryId = (driverVersion: string, of: string): string => `rpm/${driverVersion}/${of}`

/** Files that a pointer shows. */
export const REPOMD = 'repodata/repomd.xml'
export const SIGNATURE = `${REPOMD}.asc`

/** Key of its object. `key`: the probe's, `driver/{driverVersion}/{arch}/{name}` */
export const packageObject = (key: string, sha256: string, file: string): string =>
  `rpm/packages/${key}/${sha256}/${file}`
/** Its path below a repository, whose path has the driver version. */
export const packageHref = (key: string, sha256: string, file: string): string =>
  `packages/${key.split('/').slice(2).join('/')}/${sha256}/${file}`

/** Path of a flavour's package below a repository. */
export const flavourHref = (sha256: string, file: string): string => `flavours/${sha256}/${file}`

/** Path of lists that belong together and never change. */
export const snapshotPath = (id: string, repomd: string, signature: string): string =>
  `${id}/at/${repomd}/${signature}`

/** {driverVersion}/{repository}/...: a repository may have the distribution's name from os-release. */
export function rpmPlace([driverVersion = '', repository = '', ...path]: readonly string[]):
  | Place
  | undefined {
  if (driverVersion === '' || repository === '') return undefined
  const id = repositoryId(driverVersion, canonical(repository))
  if (path.join('/') === 'mirrorlist') return { tag: 'mirrors', id }
  const [at, repomd = '', signature = '', ...file] = path
  if (at !== 'at') return fileAt(driverVersion, path) ?? shownAt(id, path.join('/'))
  if (!isSha256(repomd) || !isSha256(signature)) return undefined
  switch (file.join('/')) {
    case REPOMD:
      return kept(repomd)
    case SIGNATURE:
      return kept(signature)
    default:
      return fileAt(driverVersion, file)
  }
}

/** From the ID of os-release: `amzn-amzn2023`, `rhel-el9`. */
function canonical(repository: string): string {
  const [, id = '', release = ''] = /^(.*)-([^-]*)$/.exec(repository) ?? []
  const amazon = id === 'amzn' ? AMAZON_TARGETS.get(release.replace(/^amzn/, '')) : undefined
  return `${amazon ?? TARGET_ALIASES.get(id) ?? id}-${release}`
}

const shownAt = (id: string, file: string): Place | undefined =>
  file === REPOMD || file === SIGNATURE ? { tag: 'shown', id, file } : undefined

const kept = (sha256: string): Place => ({ tag: 'kept', object: listObject('rpm', sha256) })

/** Files named by their digests, which all snapshots share. */
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
