// The places that an operator's settings name.

/** Every URL in them, whatever it is for, and every path: those of driver sources, not the canary's, which hosts ask for. */
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

/** For messages: without a password, and without a query, as that of a presigned URL is one. */
export const withoutSecrets = (url: string): string =>
  url.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1')
