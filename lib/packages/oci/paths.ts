// Parses paths below /v2/, the API of image registries.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints

import { isDigest } from '../../model/image.ts'
import { type Refusal, type RefusalCode, refused } from './refusals.ts'

/** Id of the pointer to a repository's list of tags. */
export const tagsId = (repository: string): string => `oci/${repository}`
export const TAGS = 'tags'

const API = '/v2/'
export const isOfImages = (path: string): boolean => path.startsWith(API)

export type Asked =
  | { readonly tag: 'version' }
  | { readonly tag: 'manifest' | 'blob' | 'referrers'; readonly name: string; readonly digest: string }
  | { readonly tag: 'tagged'; readonly name: string; readonly reference: string }
  | { readonly tag: 'tags'; readonly name: string }

const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const NAME = new RegExp(`^${PART}(?:/${PART})*$`)
const MAX_NAME = 255
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
/** A digest of any algorithm. */
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/

const PATH = /^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/([^/]+)$/

/** Never throws. */
export function askedOf(path: string): Asked | Refusal {
  if (path === API) return { tag: 'version' }
  const [whole, name = '', what, reference = ''] = PATH.exec(path) ?? []
  if (whole === undefined) return refused('UNSUPPORTED', 'image registries have no such path')
  if (name.length > MAX_NAME || !NAME.test(name))
    return refused(
      'NAME_INVALID',
      'not the name of a repository: a-z and 0-9, with single . _ __ or - between them',
    )
  switch (what) {
    case 'tags':
      return reference === 'list' ? { tag: 'tags', name } : refused('UNSUPPORTED', 'tags are at tags/list')
    case 'blobs':
      return byDigest('blob', name, reference, 'BLOB_UNKNOWN')
    case 'referrers':
      return byDigest('referrers', name, reference, 'MANIFEST_UNKNOWN')
    default:
      return reference.includes(':')
        ? byDigest('manifest', name, reference, 'MANIFEST_UNKNOWN')
        : byTag(name, reference)
  }
}

function byTag(name: string, reference: string): Asked | Refusal {
  if (TAG.test(reference)) return { tag: 'tagged', name, reference }
  return refused('MANIFEST_UNKNOWN', 'not a tag: at most 128 of A-Z a-z 0-9 _ . - with neither . nor - first')
}

function byDigest(
  tag: 'manifest' | 'blob' | 'referrers',
  name: string,
  digest: string,
  unknown: RefusalCode,
): Asked | Refusal {
  if (isDigest(digest)) return { tag, name, digest }
  if (digest.startsWith('sha256:') || !DIGEST.test(digest))
    return refused('DIGEST_INVALID', 'not a digest: sha256: and 64 digits of 0-9 a-f')
  return refused(unknown, 'this registry has sha256 digests only')
}
