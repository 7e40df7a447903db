// Parses and formats paths of the apt repository: https://wiki.debian.org/DebianRepository/Format

import { isSha256 } from '../../model/digest.ts'
import { listObject } from '../../model/keys.ts'
import type { Place } from '../places.ts'

/** Id of a driver version's pointer. Each driver version is a suite. */
export const repositoryId = (driverVersion: string): string => `apt/${driverVersion}`

/** A package's `Filename`. Prefixed with `apt/`, it is also the key of its object. */
export const packagePath = (key: string, sha256: string, file: string): string =>
  `pool/${key}/${sha256}/${file}`

/** Paths: `dists/{suite}/...`, and `pool/{key of a probe}/{sha256 of the package}/{its file name}`. */
export function aptPlace(parts: readonly string[]): Place | undefined {
  const [first, ...rest] = parts
  if (first === 'dists') return listPlace(rest)
  return first === 'pool' ? poolPlace(rest) : undefined
}

/** Paths by digest are immutable; all others lead to the current files of the suite. */
function listPlace([suite, ...file]: readonly string[]): Place | undefined {
  if (suite === undefined || suite === '' || file.length === 0) return undefined
  const [byHash, algorithm, digest = ''] = file.slice(-3)
  if (byHash !== 'by-hash') return { tag: 'shown', id: repositoryId(suite), file: file.join('/') }
  if (algorithm !== 'SHA256' || !isSha256(digest)) return undefined
  return { tag: 'kept', object: listObject('apt', digest) }
}

function poolPlace(parts: readonly string[]): Place | undefined {
  const [file = '', digest = '', ...key] = parts.toReversed()
  if (!file.endsWith('.deb') || !isSha256(digest) || key.length !== 4) return undefined
  return { tag: 'package', object: `apt/pool/${parts.join('/')}`, key: key.toReversed().join('/') }
}
