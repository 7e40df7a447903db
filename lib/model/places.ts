// Finds the URLs and paths in an operator's settings.

/** All URLs, and the paths of driver sources; not the canary's path, which is a name. */
export function placesIn(settings: unknown): string[] {
  if (typeof settings === 'string') {
    if (settings.startsWith('/')) return [`file:${settings}`]
    return URL.canParse(settings) ? [settings] : []
  }
  if (typeof settings !== 'object' || settings === null) return []
  if ('from' in settings && settings.from === 'directory' && 'path' in settings)
    return [`file:${settings.path}`]
  return Object.entries(settings).flatMap(([name, value]) => (name === 'canary' ? [] : placesIn(value)))
}

/** For messages: removes a password, and the query, which may be a presigned URL's. */
export const withoutSecrets = (url: string): string =>
  url.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1')
