// Makes hostile text fit for messages: printable ASCII, and short.

/** In quotes, with JSON's escapes. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}...` : text
  return JSON.stringify(short).replace(/[^\x20-\x7e]/g, '?')
}

/** Replaces other characters by `?`; at most `max` characters. */
export const printable = (text: string, max: number): string =>
  text.slice(0, max).replace(/[^\x20-\x7e]/g, '?')
