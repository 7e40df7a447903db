// Reads XML element by element, so that memory never contains a complete document.

import { SaxesParser } from 'saxes'

interface Element {
  /** from the root to this one, e.g. `metadata/package/name` */
  readonly path: string
  readonly attributes: Readonly<Record<string, string>>
}

interface Handlers {
  /** called when an element begins */
  readonly open: (element: Element) => void
  /** called when an element ends; `text`: its own text, without that of inner elements */
  readonly close: (element: Element, text: string) => void
}

/** Characters in one element. A description can have pages. */
const MAX_TEXT = 1_000_000
const MAX_DEPTH = 32

/**
 * Knows only XML's predefined entities, because entities that a document defines could expand without limit.
 * @throws {Error} The XML is broken.
 */
export function xmlReader({ open, close }: Handlers): { write(text: string): void; end(): void } {
  const parser = new SaxesParser()
  const elements: { element: Element; text: string }[] = []
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (elements.length >= MAX_DEPTH) throw new Error('its elements lie too deep')
    const parent = elements.at(-1)?.element.path
    const element = { path: parent === undefined ? name : `${parent}/${name}`, attributes }
    elements.push({ element, text: '' })
    open(element)
  })
  const add = (text: string): void => {
    const own = elements.at(-1)
    if (own === undefined) return
    own.text += text
    if (own.text.length > MAX_TEXT) throw new Error('an element has too much text')
  }
  parser.on('text', add)
  parser.on('cdata', add)
  parser.on('closetag', () => {
    const { element, text } = elements.pop()!
    close(element, text)
  })
  return { write: (text) => void parser.write(text), end: () => void parser.close() }
}
