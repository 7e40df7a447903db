// Compares versions of clients, such as `0.35.1`.

/** Converts a version to a number that is greater for later versions. */
export function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return (major * 1000 + minor) * 1000 + patch
}

export const since = (version: string, first: string): boolean =>
  versionNumber(version) >= versionNumber(first)
