// Parses the challenge of an image registry that asks a client to authenticate.
// https://distribution.github.io/distribution/spec/auth/token/

export type Challenge =
  | { readonly tag: 'basic' }
  | { readonly tag: 'bearer'; readonly realm: string; readonly service: string | undefined }
  | { readonly tag: 'unknown' }

/** Parses the header `WWW-Authenticate`. */
export function challengeOf(header: string | null): Challenge {
  const [scheme = '', ...rest] = (header ?? '').trim().split(' ')
  const parameters = new Map(
    [...rest.join(' ').matchAll(/([A-Za-z]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )
  const realm = parameters.get('realm')
  if (/^basic$/i.test(scheme)) return { tag: 'basic' }
  if (/^bearer$/i.test(scheme) && realm !== undefined)
    return { tag: 'bearer', realm, service: parameters.get('service') }
  return { tag: 'unknown' }
}
