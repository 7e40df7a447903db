// Finds the URLs and paths in an operator's settings.

/** All URLs, and paths of driver sources as `file:` URLs. Skips the canary's path, because it is a probe's name. */
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

/** For messages: removes user name, password and query. A query may be of a presigned URL. */
export const withoutSecrets = (url: string): string =>
  url.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1')
