// Parses JSON without loss: repeated names stay separate, and numbers keep their digits. Reads the arguments of a pattern's
// operators, and throws if one has the wrong form.

export type Source =
  | { readonly tag: 'object'; readonly fields: Fields }
  | { readonly tag: 'list'; readonly entries: readonly Source[] }
  | Literal
export type Fields = readonly (readonly [name: string, value: Source])[]
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
  const field = (): Fields[number] => [JSON.parse(tokens[at++]!) as string, next()]
  return next()
}

function literal(token: string): Literal {
  if (token.startsWith('"')) return { tag: 'string', text: JSON.parse(token) as string }
  return /^[-\d]/.test(token) ? { tag: 'number', digits: token } : { tag: 'word', word: token }
}

export function only(fields: Fields): Fields[number] {
  const [field, ...more] = fields
  if (field === undefined || more.length > 0) throw new Error('a matcher has exactly one operator')
  return field
}

export function text(argument: Source): string {
  if (argument.tag !== 'string') throw new Error('this operator takes a text')
  return argument.text
}

export function oneOrMore(argument: Source): readonly Source[] {
  if (argument.tag !== 'list') return [argument]
  if (argument.entries.length === 0) throw new Error('an empty list is not allowed')
  return argument.entries
}
