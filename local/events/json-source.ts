// Parses JSON without loss: repeated names stay separate, and numbers keep their digits.

export type Source =
  | { readonly tag: 'object'; readonly fields: readonly (readonly [name: string, value: Source])[] }
  | { readonly tag: 'list'; readonly entries: readonly Source[] }
  | Literal
export type Literal =
  | { readonly tag: 'string'; readonly text: string }
  /** as written, e.g. `3.0e2` */
  | { readonly tag: 'number'; readonly digits: string }
  | { readonly tag: 'word'; readonly word: string }

const TOKEN = /[{}[\]]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g

/** Needs text that `JSON.parse` accepts, because it ignores commas and colons. */
export function readSource(text: string): Source {
  const tokens = text.match(TOKEN) ?? []
  let at = 0
  const until = <T>(end: string, read: () => T): T[] => {
    const found: T[] = []
    while (tokens[at] !== end) found.push(read())
    at++
    return found
  }
  function next(): Source {
    const token = tokens[at++]!
    if (token === '{') return { tag: 'object', fields: until('}', field) }
    if (token === '[') return { tag: 'list', entries: until(']', next) }
    return literal(token)
  }
  const field = (): readonly [string, Source] => [JSON.parse(tokens[at++]!) as string, next()]
  return next()
}

function literal(token: string): Literal {
  if (token.startsWith('"')) return { tag: 'string', text: JSON.parse(token) as string }
  return /^[-\d]/.test(token) ? { tag: 'number', digits: token } : { tag: 'word', word: token }
}
