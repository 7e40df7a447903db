// Edits the list of a repository's tags, a text with one tag a line, and cuts it into pages.

/** The specification's order: first without regard to case, then by code unit. */
export function compareTags(a: string, b: string): number {
  const [lowA, lowB] = [a.toLowerCase(), b.toLowerCase()]
  if (lowA !== lowB) return lowA < lowB ? -1 : 1
  return a === b ? 0 : a < b ? -1 : 1
}

export const tagsIn = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Adds or removes the tag. Returns the same text if nothing changes. */
export function withTag(text: string, tag: string, isThere: boolean): string {
  const tags = tagsIn(text)
  if (tags.includes(tag) === isThere) return text
  const after = isThere ? [...tags, tag].sort(compareTags) : tags.filter((one) => one !== tag)
  return after.map((one) => `${one}\n`).join('')
}

/** `last`: last tag of the previous page; it may have been removed since. `isCut`: more tags follow. */
export function pageOf(text: string, n: number, last: string | undefined) {
  const all = tagsIn(text)
  const first = last === undefined ? 0 : all.findIndex((tag) => compareTags(tag, last) > 0)
  const rest = first < 0 ? [] : all.slice(first)
  return { tags: rest.slice(0, n), isCut: n > 0 && rest.length > n }
}
