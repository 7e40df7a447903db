// Edits `Packages`, the list of a component, with one stanza for each package. https://wiki.debian.org/DebianRepository/Format

/** Replaces the packages of a probe. Returns the same text if nothing changes. */
export function withPackages(list: string, key: string, stanzas: readonly string[]): string {
  const marks = `\nFilename: pool/${key}/`
  const others = stanzasIn(list).filter((stanza) => !stanza.includes(marks))
  return [...others, ...stanzas]
    .map((stanza) => [nameIn(stanza), stanza] as const)
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([, stanza]) => `${stanza}\n`)
    .join('')
}

/** Each stanza with its last newline. */
const stanzasIn = (list: string): string[] =>
  list.split('\n\n').flatMap((stanza) => (stanza.trim() === '' ? [] : [`${stanza.trimEnd()}\n`]))

/** A unique key to sort by: the path contains the digest of the package. */
const nameIn = (stanza: string): string => {
  const at = stanza.indexOf('\nFilename: ')
  return stanza.slice(0, stanza.indexOf('\n')) + stanza.slice(at, stanza.indexOf('\n', at + 1))
}
