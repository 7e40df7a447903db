// `Packages`: what packages a component has, a stanza each. https://wiki.debian.org/DebianRepository/Format

/** The list with those packages of a probe and no others of it; the very same text where that changes nothing. */
export function withPackages(list: string, key: string, stanzas: readonly string[]): string {
  const marks = `\nFilename: pool/${key}/`
  const others = stanzasIn(list).filter((stanza) => !stanza.includes(marks))
  return [...others, ...stanzas]
    .map((stanza) => [nameIn(stanza), stanza] as const)
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([, stanza]) => `${stanza}\n`)
    .join('')
}

/** Each with the end of its last line. */
const stanzasIn = (list: string): string[] =>
  list.split('\n\n').flatMap((stanza) => (stanza.trim() === '' ? [] : [`${stanza.trimEnd()}\n`]))

/** No two are alike: the digest of the package is a part of it. */
const nameIn = (stanza: string): string => {
  const at = stanza.indexOf('\nFilename: ')
  return stanza.slice(0, stanza.indexOf('\n')) + stanza.slice(at, stanza.indexOf('\n', at + 1))
}
