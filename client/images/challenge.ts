// What a registry of images answers to who has not said who they are: how it wants to be told.
// https://distribution.github.io/distribution/spec/auth/token/

export type Challenge =
  | { readonly tag: 'basic' }
  | { readonly tag: 'bearer'; readonly realm: string; readonly service: string | undefined }
  | { readonly tag: 'unknown' }

/** Of the header `WWW-Authenticate`. */
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
