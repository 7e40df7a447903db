// The tags of a repository, as one text of a line each, and pages of it.

/** As the specification has it: letters alike in both cases. The plain order decides between those that are alike. */
export function compareTags(a: string, b: string): number {
  const [lowA, lowB] = [a.toLowerCase(), b.toLowerCase()]
  if (lowA !== lowB) return lowA < lowB ? -1 : 1
  return a === b ? 0 : a < b ? -1 : 1
}

export const tagsIn = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** The same text where the tag is in it, or out of it, already. */
export function withTag(text: string, tag: string, isThere: boolean): string {
  const tags = tagsIn(text)
  if (tags.includes(tag) === isThere) return text
  const after = isThere ? [...tags, tag].sort(compareTags) : tags.filter((one) => one !== tag)
  return after.map((one) => `${one}\n`).join('')
}

export interface Page {
  readonly tags: readonly string[]
  /** whether others follow */
  readonly isCut: boolean
}

/** `last`: of the page before, which need not be there any more. */
export function pageOf(text: string, n: number, last: string | undefined): Page {
  const all = tagsIn(text)
  const first = last === undefined ? 0 : all.findIndex((tag) => compareTags(tag, last) > 0)
  const rest = first < 0 ? [] : all.slice(first)
  return { tags: rest.slice(0, n), isCut: n > 0 && rest.length > n }
}
