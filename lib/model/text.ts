// Makes hostile text safe for messages: printable ASCII, and short.

/** Puts text in quotes, with JSON's escapes; at most its first 80 characters. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}...` : text
  return JSON.stringify(short).replace(/[^\x20-\x7e]/g, '?')
}

/** Replaces all other characters by `?`, and keeps at most `max` characters. */
export const printable = (text: string, max: number): string =>
  text.slice(0, max).replace(/[^\x20-\x7e]/g, '?')
