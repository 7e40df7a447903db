// Writes the XML of S3's responses.

/** Markup that is already escaped. */
interface Markup {
  readonly markup: string
}

/** An element with text, which is escaped here, and child elements. */
export const element = (
  name: string,
  ...children: readonly (string | number | boolean | Markup)[]
): Markup => ({
  markup: `<${name}>${children.map(markupOf).join('')}</${name}>`,
})

export const documentOf = ({ markup }: Markup): string => `<?xml version="1.0" encoding="UTF-8"?>\n${markup}`

const markupOf = (child: string | number | boolean | Markup): string =>
  typeof child === 'object' ? child.markup : escaped(String(child))

/** Writes control characters as character references, as S3 does, because a key may contain any. */
const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
  text.replace(/[&<>"\x00-\x1f\x7f-\x9f\u2028\ufffe\uffff]/g, (c) => `&#x${c.charCodeAt(0).toString(16)};`)
